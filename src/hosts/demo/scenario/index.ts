import { closestName } from "../../../shared/closest-name.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { DemoScenario } from "./scenario.ts";
import { ambiguous } from "./ambiguous/scenario.ts";
import { dependencyBump } from "./dependency-bump/scenario.ts";
import { largeIssue } from "./large-issue/scenario.ts";
import { plantedDefect } from "./planted-defect/scenario.ts";
import { refactoring } from "./refactoring/scenario.ts";
import { review } from "./review/scenario.ts";
import { smallBug } from "./small-bug/scenario.ts";
import { twoIssuesOneFile } from "./two-issues-one-file/scenario.ts";
import { uncertainBug } from "./uncertain-bug/scenario.ts";

/** Every scenario, the one that is played without a name first. */
export const scenarios: readonly [DemoScenario, ...DemoScenario[]] = [smallBug, plantedDefect, uncertainBug, largeIssue, refactoring, dependencyBump, ambiguous, twoIssuesOneFile, review];

/** @throws TerminalError for a name that none has */
export function findScenario(name: string): DemoScenario {
  const found = scenarios.find((each) => each.name === name);
  if (found !== undefined) return found;
  const near = closestName(name, scenarios.map((each) => each.name));
  throw new TerminalError(`There is no scenario ${JSON.stringify(name)}.`, `${near === null ? "" : `Did you mean ${near}? `}\`npm run demo -- --list\` shows them all.`);
}
