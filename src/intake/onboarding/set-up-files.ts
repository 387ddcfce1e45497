/** The two files that make a repository ready for WorkTrain: the workflow and the config. Pure. */
import { CONFIG_PATH } from "../../config/index.ts";
import { INTAKE_WORKFLOW_FILE, WORKFLOW_PATH } from "../decide-start.ts";
import type { Findings } from "./findings.ts";

/** What the template's placeholders stand for. */
export interface WorkflowParts {
  /** Text of templates/worktrain.yml, or of an operator's own. */
  readonly template: string;
  /** The action pinned by commit; null when nobody has said which. */
  readonly action: string | null;
  /** The public half of the App's ticket key. */
  readonly publicKey: string;
}

/** `owner/repository/path@<commit>`; a branch or a tag could be moved, and with it what runs beside the key. */
export const ACTION_PIN = /^[A-Za-z0-9][A-Za-z0-9-]*\/[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._/-]+)?@[0-9a-f]{40}$/;

/** How to fill the template in, as its head says it; nothing is left to fill in. */
const INSTRUCTIONS = /^# Copy to [^\n]*\n(?:# {3}[^\n]*\n)*/m;

/** The workflow file; null where the action is not known, since a file with a placeholder would start nothing. */
export function workflowText({ template, action, publicKey }: WorkflowParts): string | null {
  if (action === null && /__(?:ACTION|INTAKE)__/.test(template.replaceAll(/^\s*#.*$/gm, ""))) return null;
  return template.replace(INSTRUCTIONS, "").replaceAll("__ACTION__", action ?? "").replaceAll("__INTAKE__", intakeAction(action ?? "")).replaceAll("__PUBLIC_KEY__", publicKey);
}

/** What does the App's part where there is no App: in the action's own directory, of the same commit. */
const intakeAction = (action: string): string => action.replace("@", "/intake@");

/** The config: every key not named has its default, and a registry is opened by a person only. */
export function configText({ test, registries }: Pick<Findings, "test" | "registries">, action: string | null): string {
  const lines = [
    ...schemaLine(action),
    "# WorkTrain's configuration. What is not set here has its default: docs/configuration.md lists every key.",
    ...(test === null ? ["# Without a test command nothing verifies the result, and its check run stays neutral:", "# commands: { test: make test }"] : ["commands:", `  test: ${test.command}`]),
    ...(registries.length === 0 ? [] : ["# The sandbox has no network. For the agent to install packages in it:", `# sandbox: { network: { allow: [${registries.join(", ")}] } }`]),
  ];
  return `${lines.join("\n")}\n`;
}

/** Editors that know this line check the file as it is written. The schema is that of the action's own commit. */
function schemaLine(action: string | null): readonly string[] {
  const [, repository, commit] = /^([^/]+\/[^/@]+)[^@]*@([0-9a-f]{40})$/.exec(action ?? "") ?? [];
  return repository === undefined || commit === undefined ? [] : [`# yaml-language-server: $schema=https://raw.githubusercontent.com/${repository}/${commit}/docs/worktrain.schema.json`];
}

/** A web server takes a request line of 8 KB (nginx's default); GitHub answers 414 to a longer one. */
const MAX_LINK_CHARS = 8_000;

/** GitHub's page for a new file on a branch, filled in; with the name alone where the text is too long for an address. */
export function newFileLink(htmlUrl: string, branch: string, text: string): { readonly url: string; readonly filled: boolean } {
  const page = `${htmlUrl}/new/${branch.split("/").map(encodeURIComponent).join("/")}`;
  const address = (fields: Readonly<Record<string, string>>): string => `${page}?${new URLSearchParams(fields).toString()}`;
  const named = { filename: WORKFLOW_PATH };
  const candidates = [text, text.replaceAll(/^\s*#.*\n/gm, "")].map((value) => address({ ...named, value }));
  const url = candidates.find((candidate) => candidate.length <= MAX_LINK_CHARS);
  return url === undefined ? { url: address(named), filled: false } : { url, filled: true };
}

/** Where the files go. */
export const SET_UP_PATHS = { workflow: WORKFLOW_PATH, config: CONFIG_PATH, intake: `.github/workflows/${INTAKE_WORKFLOW_FILE}` } as const;
