import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type Pair } from "yaml";
import { z } from "zod";
import type { Fault } from "../shared/fault.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { closestName } from "../shared/closest-name.ts";
import { faultWords } from "./fault-words.ts";
import { configSchema, type Config } from "./schema.ts";

/** Twenty times the longest sensible file. */
const MAX_CONFIG_CHARS = 64 * 1024;

/**
 * Configuration text to frozen settings, or every fault in it.
 * @param text null where there is no file: all defaults
 * @param file name for the faults
 */
export function parseConfig(text: string | null, file: string): Result<Config, readonly Fault[]> {
  if (text === null) return ok(freeze(configSchema.parse({})));
  const whole = (message: string, fix: string) => err([{ file, line: 1, column: 1, path: "", message, fix }]);
  if (text.length > MAX_CONFIG_CHARS) return whole(`The file has ${text.length} characters; at most ${MAX_CONFIG_CHARS} are read.`, "Shorten it.");

  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true, stringKeys: true });
  if (document.errors.length > 0) {
    return err(
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        if (error.code === "NON_STRING_KEY") return { file, line, column: col, path: "", message: "A key is not a text.", fix: "Write the key as a plain word." };
        return { file, line, column: col, path: "", message: `Not valid YAML: ${error.message}.`, fix: "Mend the YAML at this place." };
      }),
    );
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 10 }) ?? {};
  } catch {
    return whole("The file refers to itself too often.", "Write the values out instead of using YAML aliases.");
  }
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return ok(freeze(parsed.data));
  const faults = parsed.error.issues.flatMap((issue) => faultsOf(issue, { file, document, lines, value }));
  return err(faults.toSorted((a, b) => a.line - b.line || a.column - b.column));
}

interface Source {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
  /** The document's content. */
  readonly value: unknown;
}

function faultsOf(issue: z.core.$ZodIssue, source: Source): Fault[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const known = knownKeys(path);
      const suggestion = closestName(key, known);
      return {
        ...position([...path, key], "key", source),
        path: [...path, key].join("."),
        message: `Unknown key \`${key}\`.`,
        fix: suggestion === null ? `Known here: ${known.map((name) => `\`${name}\``).join(", ")}.` : `Did you mean \`${suggestion}\`?`,
      };
    });
  }
  const where = path.join(".");
  return [{ ...position(path, "value", source), path: where, ...faultWords(issue, where, valueAt(source.value, path)) }];
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (typeof value === "object" && value !== null ? Object.entries(value).find(([name]) => name === key)?.[1] : undefined), root);
}

/** Keys of the schema's object at a path. */
function knownKeys(path: readonly string[]): readonly string[] {
  let schema: z.core.$ZodType = configSchema;
  for (const key of path) {
    const inner: z.core.$ZodType = unwrap(schema);
    if (inner instanceof z.ZodRecord) {
      schema = inner.valueType;
      continue;
    }
    if (inner instanceof z.ZodArray) {
      schema = inner.element;
      continue;
    }
    if (!(inner instanceof z.ZodObject)) return [];
    const member: z.core.$ZodType | undefined = inner.shape[key];
    if (member === undefined) return [];
    schema = member;
  }
  const object = unwrap(schema);
  if (object instanceof z.ZodRecord && object.keyType instanceof z.ZodEnum) return object.keyType.options.map(String);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault ? unwrap(schema.unwrap()) : schema;
}

/** Where a key or its value stands; the nearest parent that is there when it is missing. */
function position(path: readonly string[], what: "key" | "value", source: Source): Pick<Fault, "file" | "line" | "column"> {
  let node: unknown = source.document.contents;
  let offset = offsetOf(node);
  for (const key of path) {
    if (isSeq(node)) {
      node = node.items[Number(key)];
      offset = offsetOf(node) ?? offset;
      continue;
    }
    if (!isMap(node)) break;
    const pair: Pair | undefined = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
    if (pair === undefined) break;
    node = pair.value;
    offset = (what === "key" ? offsetOf(pair.key) : offsetOf(pair.value)) ?? offsetOf(pair.key) ?? offset;
  }
  const { line, col } = source.lines.linePos(offset ?? 0);
  return { file: source.file, line, column: col };
}

const offsetOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);
const isNode = (node: unknown): node is Node => typeof node === "object" && node !== null && "range" in node;

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}
