import { stringify } from "yaml";
import { CONFIG_PATH } from "../../../config/index.ts";
import { WORKFLOW_PATH } from "../../../intake/index.ts";
import { neutralise } from "../../../report/neutralise.ts";
import { done, refused, type Outcome } from "./command-outcome.ts";
import type { Stage } from "../starting/stage.ts";

/** `config`: what holds, as YAML; or every fault of the file. */
export function showConfig({ config, facts }: Stage): Outcome {
  if (config === "missing") return refused({ message: `There is no ${CONFIG_PATH} on the default branch.`, fix: `Add the file to \`${facts.defaultBranch}\`; an empty one means all defaults. \`/worktrain config --set-up\` opens a pull request with what is missing.`, details: [] });
  if (!config.ok) {
    const details = config.error.map(({ file, line, column, message, fix }) => `${file}:${line}:${column} ${message} ${fix}`);
    return refused({ message: `The configuration ${CONFIG_PATH} on the default branch is not valid.`, fix: `Mend the file on \`${facts.defaultBranch}\`.`, details });
  }
  const lines = neutralise(stringify(config.value, { lineWidth: 0 })).trimEnd().split("\n");
  // An indented block: no content can close it.
  return done(`### The configuration that holds\n\nFrom \`${CONFIG_PATH}\` on \`${facts.defaultBranch}\`, defaults included. A run that is at work goes by what it said when that was dispatched; the workflow is \`${WORKFLOW_PATH}\`.\n\n${lines.map((line) => `    ${line}`).join("\n")}`);
}
