import { commandProblems, MEND_COMMAND } from "./command-line.ts";
import type { Issue } from "./issue.ts";
import type { LoopStep, PlanStep } from "./plan.ts";
import type { Registry } from "./scope.ts";
import { placeholders } from "./template.ts";

const RESERVED = {
  message: '"commands" is the repository\'s own configuration: what a step puts there is no command of a verification.',
  fix: "Give the key another name.",
};

/** What is wrong with the verification commands of a plan's steps: faults, and values that nothing declares. */
export function checkCommands(steps: readonly PlanStep[], { ids }: Registry): { readonly lenient: readonly Issue[]; readonly warnings: readonly Issue[] } {
  const lenient: Issue[] = [];
  const warnings: Issue[] = [];
  const declared = declaredKeys(steps);
  const walk = (list: readonly PlanStep[], around: readonly LoopStep[]): void => {
    for (const step of list) {
      if (step.kind === "loop") walk(step.body, [...around, step]);
      if (step.kind === "standard" && Object.hasOwn(step.produces, "commands")) lenient.push({ path: [...(ids.get(step.id) ?? []), "produces", "commands"], ...RESERVED });
      const command = step.kind === "standard" ? step.verification.command : null;
      if (command === null) continue;
      const path = [...(ids.get(step.id) ?? []), "verification", "command"];
      lenient.push(...commandProblems(command).map((message) => ({ path, message, fix: MEND_COMMAND })));
      const inScope = around.flatMap(({ loop }) => [loop.iterationVar, loop.itemVar, loop.indexVar]);
      for (const key of new Set(placeholders(command).map((each) => each.split(".")[0] ?? ""))) {
        if (key === "goal" || key === "commands" || declared.has(key) || inScope.includes(key)) continue;
        warnings.push({ path, message: `No step declares "${key}", so {{${key}}} has a value only if the session is started with one; without it the step is blocked.`, fix: `Declare "${key}" under \`produces\` of the step that finds it, or under \`requires\` if whoever starts the session gives it.` });
      }
    }
  };
  walk(steps, []);
  return { lenient, warnings };
}

/** Keys under `produces` and `requires` of any step. */
function declaredKeys(steps: readonly PlanStep[], keys: Set<string> = new Set()): ReadonlySet<string> {
  for (const step of steps) {
    if (step.kind === "loop") declaredKeys(step.body, keys);
    if (step.kind === "standard") for (const key of [...Object.keys(step.produces), ...Object.keys(step.requires)]) keys.add(key);
  }
  return keys;
}
