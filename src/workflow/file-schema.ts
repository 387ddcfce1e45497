/** JSON Schema of workflow files, for editors: made of the very fields that the compiler checks. */
import { z } from "zod";
import type { JsonObject } from "../shared/json.ts";
import { conditionSchema } from "./condition.ts";
import { criteriaSchema } from "./criteria.ts";
import { jsonSchemaSchema } from "./json-schema.ts";
import { workflowFields } from "./vocabulary.ts";
import { gatherStepFields, loopStepFields, parallelStepFields, standardStepFields, todoListStepFields } from "./vocabulary-steps.ts";

const body: z.ZodType = z.union([z.string(), z.array(z.lazy(() => step)).min(1)]);
const standardStep = z.strictObject(standardStepFields);
const loopStep = z.strictObject({ ...loopStepFields, body });
const parallelStep = z.strictObject(parallelStepFields);
const todoListStep = z.strictObject({ ...todoListStepFields, produces: z.union([z.string(), z.lazy(() => step)]), body });
const gatherStep = z.strictObject(gatherStepFields);
const step: z.ZodType = z.union([standardStep, loopStep, parallelStep, todoListStep, gatherStep]);

/** Draft 2020-12. What only the compiler can know (names that must exist, one prompt to a step) is not in it. */
export function workflowJsonSchema(): JsonObject {
  const names = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries({ step, standardStep, loopStep, parallelStep, todoListStep, gatherStep, condition: conditionSchema, criteria: criteriaSchema, jsonSchema: jsonSchemaSchema })) names.add(schema, { id });
  const file = z.strictObject({ ...workflowFields, steps: z.array(step).min(1) });
  const schema = { ...z.toJSONSchema(file, { io: "input", metadata: names }), title: "WorkTrain workflow" };
  return z.record(z.string(), z.json()).parse(JSON.parse(JSON.stringify(schema)));
}
