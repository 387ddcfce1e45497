/** Which values a path may have where a step looks at it, as far as schemas say. */
import { z } from "zod";
import type { Json } from "../../shared/json.ts";
import type { JsonSchema } from "../schema-check.ts";
import { type Flow, isClosedTo, keyOf, schemaAt, type Use } from "./flow.ts";
import type { Domain } from "./possible.ts";

export function domainOf({ path, by, after }: Pick<Use, "path" | "by" | "after">, flow: Flow): Domain {
  const turns = by.around.findLast(({ loop }) => loop.iterationVar === path);
  if (turns !== undefined) return { values: Array.from({ length: turns.loop.maxIterations }, (_, index) => index + 1) };
  const schemas = flow.sets({ path, by, after });
  // A prompt may ask for a key without declaring it; that is another rule's concern.
  if (schemas === null || (schemas.length === 0 && flow.mentioned(keyOf(path)))) return null;
  const below = path.split(".").slice(1);
  const inner = schemas.map((schema) => (isClosedTo(schema, below) ? { const: null } : (schemaAt(schema, below) ?? {})));
  const finite = inner.map(finiteValues);
  // The step that sets it may have been skipped.
  if (!finite.includes(null)) return { values: [null, ...finite.flatMap((values) => values ?? [])] };
  const types = inner.map((schema, index) => finite[index]?.map(typeOf) ?? typesOf(schema));
  return types.includes(null) ? null : { types: types.flatMap((each) => each ?? []) };
}

/** The values that a schema leaves when they are a handful; null when there are more, or nothing is said. */
export function finiteValues(schema: JsonSchema): readonly Json[] | null {
  const { const: only, enum: several, type } = finite.parse(schema);
  if (only !== undefined) return [only];
  return several ?? (type === "boolean" ? [true, false] : null);
}

/** The keywords that leave a handful of values. */
const finite = z.looseObject({ const: z.json().optional(), enum: z.array(z.json()).optional(), type: z.unknown().optional() });

/** The JSON types that a schema allows; null when it does not say. */
export function typesOf({ type }: JsonSchema): readonly string[] | null {
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  const named = types.filter((each) => typeof each === "string");
  return named.length === 0 ? null : named;
}

const typeOf = (value: Json): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
