import { type Issue, suggestion } from "../../issue.ts";
import { GIVEN_BY_HOSTS, isClosedTo, keyOf, type Use, variablesOf } from "../flow.ts";
import { canBegin, impossibleAt } from "../impossible.ts";
import { placeOf } from "../placed-steps.ts";
import type { LintRule } from "../subject.ts";

export const undeclaredValue: LintRule = {
  code: "undeclared-value",
  severity: "warning",
  tells: "A value is used that no earlier step declares under `produces`, that no step `requires` and that no host gives.",
  find: (subject) => {
    const { steps, flow } = subject;
    const keys = steps.flatMap(({ step }) => (step.kind === "standard" ? Object.keys(step.produces) : step.kind === "gather" ? [step.outputVar] : []));
    const seen = new Set<string>();
    return flow.uses.flatMap((use) => {
      const key = keyOf(use.path);
      const id = JSON.stringify([key, use.by.path]);
      const schemas = flow.sets(use);
      const closed = schemas !== null && schemas.length > 0 && use.as === "text" && schemas.every((schema) => isClosedTo(schema, use.path.split(".").slice(1)));
      if (seen.has(id) || (schemas?.length !== 0 && !closed)) return [];
      // A condition that never holds is told as that.
      if (use.as === "condition" && (impossibleAt(use.by, subject).some((condition) => variablesOf(condition).includes(use.path)) || (use.by.step.kind === "loop" && !canBegin(use.by, use.by.step, subject)))) return [];
      seen.add(id);
      if (closed) return [{ path: placeIn(use), message: `"${use.path}" is used here, but what is declared for "${key}" holds no such value.`, fix: `Look at what \`produces\` says of "${key}", and name a part of it that is there.` }];
      const itself = use.by.step.kind === "standard" && Object.hasOwn(use.by.step.produces, key);
      const later = itself ? "the step itself hands it over only when it is done" : keys.includes(key) ? "it is declared by a later step only" : "no step declares it";
      const others = [...keys, ...steps.flatMap(({ step }) => (step.kind === "standard" ? Object.keys(step.requires) : [])), ...use.by.around.flatMap(({ loop }) => [loop.iterationVar, loop.itemVar, loop.indexVar]), ...GIVEN_BY_HOSTS];
      return [{ path: placeIn(use), message: `"${use.path}" is used here, but ${later}.`, fix: `Declare "${key}" under \`produces\` of the step that finds it, under \`requires\` if whoever starts the session gives it, or gather it.${keys.includes(key) ? "" : suggestion(key, others)}` }];
    });
  },
};

const placeIn = ({ by, path }: Use): Issue["path"] => placeOf(by.raw, by.path, (text) => text === path || text.includes(`{{${path}`) || text.includes(`{{ ${path}`));
