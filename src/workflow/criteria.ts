/** `validationCriteria`: what the notes of a step must be like. */
import { z } from "zod";
import { type Condition, conditionSchema } from "./condition.ts";
import { jsonSchemaSchema } from "./json-schema.ts";
import type { JsonSchema } from "./schema-check.ts";

const ruleBase = { message: z.string().min(1), condition: conditionSchema.optional() };

export const ruleSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("contains"), value: z.string().min(1), ...ruleBase }),
  z.strictObject({ type: z.literal("regex"), pattern: z.string().min(1), flags: z.string().optional(), ...ruleBase }),
  z.strictObject({ type: z.literal("length"), min: z.number().min(0).optional(), max: z.number().min(0).optional(), ...ruleBase }),
  z.strictObject({ type: z.literal("schema"), schema: z.lazy(() => jsonSchemaSchema), ...ruleBase }),
]);

interface RuleBase {
  readonly message: string;
  readonly condition?: Condition | undefined;
}
export type Rule = RuleBase &
  (
    | { readonly type: "contains"; readonly value: string }
    | { readonly type: "regex"; readonly pattern: string; readonly flags?: string | undefined }
    | { readonly type: "length"; readonly min?: number | undefined; readonly max?: number | undefined }
    | { readonly type: "schema"; readonly schema: JsonSchema }
  );

/** A rule, or a composition of them. */
export type Criteria = Rule | { readonly and: readonly Criteria[] } | { readonly or: readonly Criteria[] } | { readonly not: Criteria };

export const criteriaSchema: z.ZodType<Criteria> = z.lazy(() =>
  z.union(
    [
      ruleSchema,
      z.strictObject({ and: z.array(criteriaSchema).min(1) }),
      z.strictObject({ or: z.array(criteriaSchema).min(1) }),
      z.strictObject({ not: criteriaSchema }),
    ],
    { error: "Expected a rule {type: contains | regex | length | schema, message, ...}, or one of {and: [...]}, {or: [...]}, {not: ...}" },
  ),
);
