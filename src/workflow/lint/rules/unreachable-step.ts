import { z } from "zod";
import type { Json } from "../../../shared/json.ts";
import type { Condition } from "../../condition.ts";
import type { Issue } from "../../issue.ts";
import type { JsonSchema } from "../../schema-check.ts";
import { canHold } from "../can-hold.ts";
import { conditionsOf, type Flow, keyOf, schemaAt } from "../flow.ts";
import { placeOfPart, type PlacedStep } from "../placed-steps.ts";
import type { LintRule } from "../subject.ts";

export const unreachableStep: LintRule = {
  code: "unreachable-step",
  severity: "error",
  tells: "A condition can never hold: it looks at a key that nobody sets, or for a value that the key's schema does not allow.",
  find: ({ steps, flow }) => {
    const told = new Set<string>();
    return steps.flatMap((by) =>
      impossibleAt(by, flow).flatMap((condition): readonly Issue[] => {
        const isRun = condition === by.step.runCondition;
        const path = isRun ? [...by.path, "runCondition"] : placeOfPart(by.raw, by.path, z.json().parse(condition));
        // All steps of a routine have the condition of its call.
        if ((!by.own && !isRun) || told.has(JSON.stringify(path))) return [];
        told.add(JSON.stringify(path));
        return [
          {
            path,
            message: isRun ? `The step "${by.step.id}" never runs: its condition cannot hold.` : `A condition of the step "${by.step.id}" can never hold.`,
            fix: "Have an earlier step set what it looks at (`produces`), look for a value that can be, or remove it.",
          },
        ];
      }),
    );
  },
};

/** The conditions of a step that cannot hold. */
export const impossibleAt = (by: PlacedStep, flow: Flow): readonly Condition[] =>
  conditionsOf(by.step).flatMap(({ condition, after }) => (canHold(condition, (path) => domainOf(path, by, after, flow)) ? [] : [condition]));

/** The values a path may have where a step looks at it; null when anything is possible. */
function domainOf(path: string, by: PlacedStep, after: boolean, flow: Flow): readonly Json[] | null {
  const schemas = flow.sets({ path, by, after });
  // A prompt may ask for a key without declaring it; that is another rule's concern.
  if (schemas === null || (schemas.length === 0 && flow.mentioned(keyOf(path)))) return null;
  const values = schemas.map((schema) => valuesOf(schemaAt(schema, path.split(".").slice(1))));
  // The step that sets it may have been skipped.
  return values.includes(null) ? null : [null, ...values.flatMap((each) => each ?? [])];
}

function valuesOf(schema: JsonSchema | null): readonly Json[] | null {
  if (schema === null) return null;
  const { const: only, enum: several, type } = finite.parse(schema);
  if (only !== undefined) return [only];
  return several ?? (type === "boolean" ? [true, false] : null);
}

/** The keywords that leave a handful of values. */
const finite = z.looseObject({ const: z.json().optional(), enum: z.array(z.json()).optional(), type: z.unknown().optional() });
