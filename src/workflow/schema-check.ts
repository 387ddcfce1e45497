/**
 * Makes the zod schema of an author's JSON Schema, for the keywords that `jsonSchemaSchema` lets in and no other. It says the same
 * about every value as `z.fromJSONSchema` (a test compares them), which knows so many formats and drafts that it would bring 40 KB
 * of zod with it into the Action; and it holds to `minItems` and `maxItems` without `items`, which that passes over.
 */
import { z } from "zod";
import { canonicalJson } from "../shared/json.ts";

/** A JSON Schema object; plain JSON. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** RFC 3339 full-time. */
const FULL_TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

const FORMAT_CHECKS: Readonly<Record<string, (text: z.ZodString) => z.ZodString>> = {
  email: (text) => text.check(z.email()),
  uri: (text) => text.check(z.url()),
  uuid: (text) => text.check(z.uuid()),
  "date-time": (text) => text.check(z.iso.datetime({ offset: true })),
  date: (text) => text.check(z.iso.date()),
  time: (text) => text.regex(FULL_TIME),
  ipv4: (text) => text.check(z.ipv4()),
  ipv6: (text) => text.check(z.ipv6()),
  duration: (text) => text.check(z.iso.duration()),
};

/** @param schema that `jsonSchemaSchema` accepted */
export function schemaCheck(schema: JsonSchema): z.ZodType {
  const stated = schema["type"] !== undefined || schema["enum"] !== undefined || schema["const"] !== undefined;
  const together = [
    ...(stated ? [valueCheck(schema)] : []),
    ...(schema["anyOf"] === undefined ? [] : [z.union(schemasOf(schema["anyOf"]).map(schemaCheck))]),
    ...(schema["oneOf"] === undefined ? [] : [z.xor(schemasOf(schema["oneOf"]).map(schemaCheck))]),
    ...schemasOf(schema["allOf"]).map(schemaCheck),
  ];
  const [first, ...others] = together;
  return others.reduce<z.ZodType>((left, right) => z.intersection(left, right), first ?? z.any());
}

/** What `enum`, `const` or `type` says; of several the first of them, as in zod. */
function valueCheck(schema: JsonSchema): z.ZodType {
  if (schema["enum"] !== undefined) return oneOf(listOf(schema["enum"]).filter(isScalar));
  if (schema["const"] !== undefined) return isScalar(schema["const"]) ? z.literal(schema["const"]) : z.never();
  const checks = [schema["type"]].flat().map((type) => typeCheck(schema, type));
  return checks.length === 1 ? (checks[0] ?? z.never()) : z.union(checks);
}

function oneOf(values: readonly Scalar[]): z.ZodType {
  const texts = values.filter((value) => typeof value === "string");
  if (values.length > 1 && texts.length === values.length) return z.enum(texts);
  const literals = values.map((value) => z.literal(value));
  return literals.length === 1 ? (literals[0] ?? z.never()) : z.union(literals);
}

function typeCheck(schema: JsonSchema, type: unknown): z.ZodType {
  switch (type) {
    case "string":
      return stringCheck(schema);
    case "number":
      return numberCheck(schema, z.number());
    case "integer":
      return numberCheck(schema, z.number().int());
    case "boolean":
      return z.boolean();
    case "null":
      return z.null();
    case "array":
      return arrayCheck(schema);
    case "object":
      return objectCheck(schema);
    default:
      return z.never();
  }
}

function stringCheck({ format, minLength, maxLength }: JsonSchema): z.ZodType {
  const formatted = typeof format === "string" && Object.hasOwn(FORMAT_CHECKS, format) ? FORMAT_CHECKS[format]?.(z.string()) : undefined;
  const least = formatted ?? z.string();
  const most = typeof minLength === "number" ? least.min(minLength) : least;
  return typeof maxLength === "number" ? most.max(maxLength) : most;
}

function numberCheck({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: JsonSchema, plain: z.ZodNumber): z.ZodType {
  let check = plain;
  if (typeof minimum === "number") check = check.min(minimum);
  if (typeof maximum === "number") check = check.max(maximum);
  if (typeof exclusiveMinimum === "number") check = check.gt(exclusiveMinimum);
  if (typeof exclusiveMaximum === "number") check = check.lt(exclusiveMaximum);
  return typeof multipleOf === "number" ? check.multipleOf(multipleOf) : check;
}

function arrayCheck({ items, minItems, maxItems, uniqueItems }: JsonSchema): z.ZodType {
  let check = z.array(isSchema(items) ? schemaCheck(items) : z.any());
  if (typeof minItems === "number") check = check.min(minItems);
  if (typeof maxItems === "number") check = check.max(maxItems);
  return uniqueItems === true ? before(check, repeated) : check;
}

function objectCheck({ properties, required, additionalProperties, minProperties, maxProperties }: JsonSchema): z.ZodType {
  const needed = new Set(listOf(required));
  // A null prototype, so that a property named __proto__ is one like any other.
  const shape: Record<string, z.ZodType> = Object.create(null);
  for (const [name, property] of Object.entries(isSchema(properties) ? properties : {})) {
    const check = isSchema(property) ? schemaCheck(property) : z.any();
    shape[name] = needed.has(name) ? check : check.optional();
  }
  const known = z.object(shape);
  const check = additionalProperties === false ? known.strict() : isSchema(additionalProperties) ? known.catchall(schemaCheck(additionalProperties)) : known.loose();
  if (minProperties === undefined && maxProperties === undefined) return check;
  return before(check, (value) => wrongCount(value, minProperties, maxProperties));
}

/** Looks at the value as it came: parsing an object drops a key `__proto__`. */
const before = (check: z.ZodType, problemsOf: (value: unknown) => readonly Problem[]): z.ZodType =>
  z
    .transform((value: unknown) => value)
    .check(({ value, issues }) => {
      issues.push(...problemsOf(value).map((problem) => ({ ...problem, code: "custom" as const, input: value, continue: true })));
    })
    .pipe(check);

interface Problem {
  readonly message: string;
  readonly path?: number[];
}

function repeated(value: unknown): readonly Problem[] {
  if (!Array.isArray(value)) return [];
  const firstSeen = new Map<string, number>();
  return value.flatMap((item: unknown, index) => {
    const text = canonicalJson(item);
    const first = firstSeen.get(text);
    if (first === undefined) firstSeen.set(text, index);
    return first === undefined ? [] : [{ message: `Array items must be unique: element at index ${index} duplicates the one at index ${first}`, path: [index] }];
  });
}

function wrongCount(value: unknown, least: unknown, most: unknown): readonly Problem[] {
  if (!isSchema(value)) return [];
  const { length } = Object.getOwnPropertyNames(value);
  return [
    ...(typeof least === "number" && length < least ? [{ message: `Too small: expected object to have >=${least} properties` }] : []),
    ...(typeof most === "number" && length > most ? [{ message: `Too big: expected object to have <=${most} properties` }] : []),
  ];
}

type Scalar = string | number | boolean | null;

const isScalar = (value: unknown): value is Scalar => value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";

const isSchema = (value: unknown): value is JsonSchema => typeof value === "object" && value !== null && !Array.isArray(value);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const schemasOf = (value: unknown): readonly JsonSchema[] => listOf(value).filter(isSchema);
