/**
 * The part of JSON Schema that authors may use for contracts and context values: what `schemaCheck` really enforces.
 * Any other keyword is a fault. `pattern` is left out because zod runs it on a backtracking engine.
 */
import { z } from "zod";
import type { JsonObject } from "../shared/json.ts";
import { schemaCheck, type JsonSchema } from "./schema-check.ts";

const TYPES = ["string", "number", "integer", "boolean", "null", "array", "object"] as const;
const FORMATS = ["email", "uri", "uuid", "date-time", "date", "time", "ipv4", "ipv6", "duration"] as const;
const count = z.int().min(0);
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], { error: "Expected text, a number, true, false or null" });

/** Keywords that only mean something beside their type: zod does not look at them without it. */
const KEYWORDS_OF_TYPE = {
  string: { minLength: count, maxLength: count, format: z.enum(FORMATS) },
  number: { minimum: z.number(), maximum: z.number(), exclusiveMinimum: z.number(), exclusiveMaximum: z.number(), multipleOf: z.number().gt(0) },
  array: { items: z.lazy(() => jsonSchemaSchema), minItems: count, maxItems: count, uniqueItems: z.boolean() },
  object: {
    properties: z.record(z.string(), z.lazy(() => jsonSchemaSchema)),
    required: z.array(z.string()),
    additionalProperties: z.union([z.boolean(), z.lazy(() => jsonSchemaSchema)], { error: "Expected true, false or a JSON Schema" }),
    minProperties: count,
    maxProperties: count,
  },
} as const;

export const jsonSchemaSchema: z.ZodType<JsonSchema> = z.lazy(() =>
  z
    .strictObject({
      $schema: z.string().optional(),
      title: z.string().optional(),
      description: z.string().optional(),
      examples: z.array(z.json()).optional(),
      type: z.union([z.enum(TYPES), z.array(z.enum(TYPES)).min(1)], { error: `Expected one of ${TYPES.join(", ")}, or a list of them` }).optional(),
      enum: z.array(scalar).min(1).optional(),
      const: scalar.optional(),
      anyOf: z.array(jsonSchemaSchema).min(1).optional(),
      oneOf: z.array(jsonSchemaSchema).min(1).optional(),
      allOf: z.array(jsonSchemaSchema).min(1).optional(),
      ...z.object(KEYWORDS_OF_TYPE.string).partial().shape,
      ...z.object(KEYWORDS_OF_TYPE.number).partial().shape,
      ...z.object(KEYWORDS_OF_TYPE.array).partial().shape,
      ...z.object(KEYWORDS_OF_TYPE.object).partial().shape,
    })
    .superRefine((schema, context) => {
      const types = new Set<string>(schema.type === undefined ? [] : [schema.type].flat());
      if (types.has("integer")) types.add("number");
      for (const [type, keywords] of Object.entries(KEYWORDS_OF_TYPE)) {
        const stray = Object.keys(keywords).find((keyword) => Object.hasOwn(schema, keyword));
        if (stray !== undefined && !types.has(type)) {
          context.addIssue({ code: "custom", path: [stray], message: `"${stray}" has no force without \`type: ${type}\`; add the type, or remove the keyword` });
        }
      }
      for (const name of schema.required ?? []) {
        if (!Object.hasOwn(schema.properties ?? {}, name)) {
          context.addIssue({ code: "custom", path: ["required"], message: `"${name}" is required but not among the properties; add it to \`properties\`` });
        }
      }
    }),
);

const compiled = new WeakMap<object, z.ZodType>();

/** The zod schema of an author's JSON Schema that `jsonSchemaSchema` has accepted; made once for each schema object. */
export function zodOf(schema: JsonSchema): z.ZodType {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const made = schemaCheck(schema);
  compiled.set(schema, made);
  return made;
}

/** JSON Schema of a zod schema, without the `$schema` line, for clients that fill in what is asked. */
export function jsonSchemaOf(schema: z.ZodType): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return z.record(z.string(), z.json()).parse(JSON.parse(JSON.stringify(rest)));
}
