/** Fields of a contract by name, those of a list's entries by a path such as `findings.file`. */
import { BUILT_IN_CONTRACTS, isBuiltInContract } from "./contracts.ts";
import { jsonSchemaOf } from "./json-schema.ts";
import type { JsonSchema } from "./schema-check.ts";

/** The schema of a contract; null when there is no such contract. */
export function schemaOfContract(ref: string, declared: Readonly<Record<string, JsonSchema>>): JsonSchema | null {
  if (isBuiltInContract(ref)) return jsonSchemaOf(BUILT_IN_CONTRACTS[ref]);
  return Object.hasOwn(declared, ref) ? (declared[ref] ?? null) : null;
}

/** The names there are where a path leads to none; null when it leads to a field. */
export function namesInstead(schema: JsonSchema, path: string): readonly string[] | null {
  const [first = "", ...rest] = path.split(".");
  const properties = mapping(schema["properties"]);
  if (!Object.hasOwn(properties, first)) return Object.keys(properties);
  if (rest.length === 0) return null;
  const inner = namesInstead(mapping(mapping(properties[first])["items"]), rest.join("."));
  return inner === null ? null : inner.map((name) => `${first}.${name}`);
}

const mapping = (value: unknown): JsonSchema => (typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {});
