/** An author's JSON Schema is held to as zod's own reading of it, and where that passes a keyword over, more strictly. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { jsonSchemaSchema } from "../../src/workflow/json-schema.ts";
import { zodOf, type JsonSchema } from "../../src/workflow/index.ts";

const count = fc.integer({ min: 0, max: 3 });
const bound = fc.integer({ min: -3, max: 3 });
const name = fc.constantFrom("a", "b", "toString", "constructor");
const formats = ["email", "uri", "uuid", "date-time", "date", "time", "ipv4", "ipv6", "duration"] as const;
const samples = ["", "x", "xyz😀", "a@b.example", "https://a.example/x", "123e4567-e89b-12d3-a456-426614174000", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00+02:00", "2026-02-31", "2026-02-28", "10:00:00Z", "10:00:00", "127.0.0.1", "::1", "P3DT4H"];
const scalar = fc.oneof(fc.constantFrom(...samples), bound, fc.constantFrom(0.5, 1.5), fc.boolean(), fc.constant(null));
const some = (keywords: Record<string, fc.Arbitrary<unknown>>) => fc.record(keywords, { requiredKeys: [] });

const { schema: schemas } = fc.letrec<{ schema: JsonSchema }>((tie) => {
  const text = some({ minLength: count, maxLength: count, format: fc.constantFrom(...formats) }).map((keywords) => ({ ...keywords, type: "string" }));
  const number = fc.tuple(fc.constantFrom("number", "integer"), some({ minimum: bound, maximum: bound, exclusiveMinimum: bound, exclusiveMaximum: bound, multipleOf: fc.constantFrom(0.5, 1, 2) })).map(([type, keywords]) => ({ ...keywords, type }));
  const list = fc.tuple(tie("schema"), some({ minItems: count, maxItems: count, uniqueItems: fc.boolean() })).map(([items, keywords]) => ({ ...keywords, items, type: "array" }));
  const object = fc
    .tuple(fc.dictionary(name, tie("schema"), { noNullPrototype: true }), some({ additionalProperties: fc.oneof(fc.boolean(), tie("schema")), minProperties: count, maxProperties: count }), fc.boolean())
    .map(([properties, keywords, all]) => ({ ...keywords, properties, ...(all ? { required: Object.keys(properties) } : {}), type: "object" }));
  const values = fc.oneof(fc.array(scalar, { minLength: 1, maxLength: 3 }).map((enumerated) => ({ enum: enumerated })), scalar.map((value) => ({ const: value })));
  const types = fc.uniqueArray(fc.constantFrom("string", "number", "boolean", "null", "array", "object"), { minLength: 1, maxLength: 3 }).map((type) => ({ type, ...(type.includes("string") ? { minLength: 2 } : {}) }));
  const joined = fc.tuple(fc.constantFrom("anyOf", "oneOf", "allOf"), fc.array(tie("schema"), { minLength: 1, maxLength: 3 }), fc.oneof(fc.constant({}), text, object)).map(([keyword, options, base]) => ({ ...base, [keyword]: options }));
  return { schema: fc.oneof({ depthSize: "small", withCrossShrink: true }, text, number, values, types, fc.constant({}), list, object, joined) as fc.Arbitrary<JsonSchema> };
});
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ depthSize: "small" }, scalar, fc.array(tie("value"), { maxLength: 3 }), fc.dictionary(name, tie("value"), { maxKeys: 3, noNullPrototype: true })),
}));

test("every accepted schema judges every value as z.fromJSONSchema does, in the same words", () => {
  const verdicts = { passed: 0, failed: 0 };
  const told = (check: z.ZodType, value: unknown) => check.safeParse(value).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
  fc.assert(
    fc.property(schemas, fc.array(values, { minLength: 5, maxLength: 10 }), (schema, list) => {
      fc.pre(jsonSchemaSchema.safeParse(schema).success);
      const [ours, zods] = [zodOf(schema), z.fromJSONSchema(schema)];
      for (const value of list) {
        const said = told(ours, value);
        expect(said).toEqual(told(zods, value));
        verdicts[said.length === 0 ? "passed" : "failed"] += 1;
      }
    }),
    { numRuns: 1_000 },
  );
  expect(Math.min(verdicts.passed, verdicts.failed)).toBeGreaterThan(500);
});

test.each<[string, JsonSchema, unknown]>([
  ["minItems without items", { type: "array", minItems: 1 }, []],
  ["maxItems without items", { type: "array", maxItems: 1 }, [1, 2]],
  ["anyOf beside oneOf", { anyOf: [{ type: "string" }], oneOf: [{ type: "string" }, { type: "number" }] }, 1],
  ["anyOf beside allOf", { anyOf: [{ type: "string" }], allOf: [{ enum: [1, "a"] }] }, 1],
])("%s is enforced, which zod passes over", (_, schema, value) => {
  expect(jsonSchemaSchema.safeParse(schema).success).toBe(true);
  expect(zodOf(schema).safeParse(value).success).toBe(false);
  expect(z.fromJSONSchema(schema).safeParse(value).success).toBe(true);
});
