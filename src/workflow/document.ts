/**
 * Text of a workflow file to plain JSON with positions. YAML 1.2 core; JSON is a subset.
 * Refused here: aliases and tags (a reader must see what is there), duplicate keys, several documents, sizes and nesting no
 * author needs. Nothing recursive runs before the nesting is known.
 */
import { Composer, type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, Lexer, LineCounter, Parser, type CST, type YAMLError } from "yaml";
import { err, ok, type Result } from "../shared/result.ts";
import type { Json } from "../shared/json.ts";
import type { Fault } from "../shared/fault.ts";
import { FILE_LIMIT_CHARS, TOO_LARGE_FIX } from "./decode.ts";
import { formatPath, type Issue, type Path } from "./issue.ts";

/** Collections inside collections; the language itself needs about ten. */
export const NESTING_LIMIT = 64;
/** Faults told of one file: more would not help its author. */
export const FAULT_LIMIT = 200;

export interface SourceDocument {
  readonly value: Json;
  /** What may not stand in a file though it can be read: aliases, tags, keys that stand twice. The value is then only for finding more faults. */
  readonly issues: readonly Issue[];
  /** Gives an issue its place in the text. */
  locate(issue: Issue): Fault;
}

export function readDocument(text: string, file: string): Result<SourceDocument, readonly Fault[]> {
  const whole = (message: string, fix: string, offset = 0): Fault => {
    const before = text.slice(0, offset);
    const line = before.split("\n").length;
    return { file, line, column: offset - before.lastIndexOf("\n"), path: "", message, fix };
  };
  if (text.length > FILE_LIMIT_CHARS) {
    return err([whole(`The file has ${text.length} characters; the limit is ${FILE_LIMIT_CHARS}.`, TOO_LARGE_FIX)]);
  }
  const unreadable = /[\u0000\uFFFD]/u.exec(text)?.index ?? (text.isWellFormed() ? -1 : text.search(/\p{Surrogate}/u));
  if (unreadable >= 0) return err([whole("The file is not clean UTF-8 text.", "Save it as UTF-8 without NUL bytes.", unreadable)]);

  const hostile = hostileAt(text);
  if (hostile !== null) return err([whole(hostile.message, hostile.fix, hostile.offset)]);
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const tooDeep = tooDeepAt(tokens);
  if (tooDeep !== null) return err([whole(`The file nests deeper than ${NESTING_LIMIT} levels.`, "Flatten it: no workflow needs this depth.", tooDeep)]);

  const documents = [...new Composer({ keepSourceTokens: false, uniqueKeys: false, merge: false }).compose(tokens, true, text.length)];
  const [document, second] = documents;
  if (document === undefined || document.contents === null) return err([whole("The file is empty.", "Write a workflow: id, name, description, version and steps.")]);
  const locate = locator(document, lines, file);
  if (document.errors.length > 0) return err(toldFaults(document.errors.map(syntaxIssue), locate));
  const issues = document.warnings.map(syntaxIssue);
  if (second !== undefined) issues.push({ path: [], offset: second.range[0], message: "The file holds more than one YAML document.", fix: "Keep one workflow per file." });
  const value = toJson(document.contents, [], { issues, anchors: new Map(), copiesLeft: COPY_LIMIT_NODES });
  return ok({ value, issues, locate });
}

/** The first faults in the order they were found; where there are more a last one says how many. */
export function toldFaults(issues: readonly Issue[], locate: SourceDocument["locate"]): readonly Fault[] {
  const told = issues.slice(0, FAULT_LIMIT).map(locate).toSorted((a, b) => a.line - b.line || a.column - b.column);
  const next = issues[FAULT_LIMIT];
  if (next === undefined) return told;
  const more = issues.length - FAULT_LIMIT;
  return [...told, { ...locate(next), message: `${more} more ${more === 1 ? "is" : "are"} not shown here; this is where the first of them stands.`, fix: "Mend those above, then validate again." }];
}

const syntaxIssue = ({ code, message, pos }: Pick<YAMLError, "code" | "message" | "pos">): Issue => ({ path: [], offset: pos[0], message: `Not valid YAML: ${firstLine(message)}`, fix: yamlFix(code) });
const firstLine = (text: string): string => text.split("\n", 1)[0] ?? text;

function yamlFix(code: string): string {
  switch (code) {
    case "BAD_INDENT":
      return "Close each bracket that was opened, and indent the entries of one block by the same number of spaces.";
    case "TAG_RESOLVE_FAILED":
      return "Write the plain value without a tag.";
    default:
      return "Correct the syntax here; quote text that holds `: `, `#` or starts with a special character.";
  }
}

/** Anchors of one file. They are of no use here, since aliases are refused; many of them make the parser slow. */
const ANCHOR_LIMIT = 64;

/** What would take the parser long, found on the tokens alone: brackets inside brackets, and anchors. */
function hostileAt(text: string): { readonly message: string; readonly fix: string; readonly offset: number } | null {
  let depth = 0;
  let anchors = 0;
  let offset = 0;
  let before = "";
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") depth += 1;
    else if (token === "]" || token === "}") depth -= 1;
    else if (token.startsWith("&")) anchors += 1;
    if (token === "," && before === ",") return { message: "Two commas stand side by side.", fix: "Write a value between them, or remove one.", offset };
    if (token.trim() !== "") before = token;
    if (depth > NESTING_LIMIT) return { message: `The file nests deeper than ${NESTING_LIMIT} levels.`, fix: "Flatten it: no workflow needs this depth.", offset };
    if (anchors > ANCHOR_LIMIT) return { message: `The file has more than ${ANCHOR_LIMIT} anchors.`, fix: "Remove them: aliases are not allowed, so nothing can refer to them.", offset };
    // Control tokens of one character (document, scalar and flow marks) stand for no text.
    offset += /^[\u0001-\u0003\u0018\u001f\uFEFF]$/.test(token) ? 0 : token.length;
  }
  return null;
}

/** Offset of the first collection beyond the nesting limit. Walks the concrete syntax with an own stack. */
function tooDeepAt(tokens: readonly CST.Token[]): number | null {
  const stack: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { token, depth } = entry;
    if (depth > NESTING_LIMIT) return token.offset;
    if (token.type === "document" && token.value !== undefined) stack.push({ token: token.value, depth });
    if (!("items" in token)) continue;
    for (const item of token.items) {
      if (item.key) stack.push({ token: item.key, depth: depth + 1 });
      if (item.value) stack.push({ token: item.value, depth: depth + 1 });
    }
  }
  return null;
}

/** Nodes that the aliases of a file may stand for together; what is beyond reads as null. */
const COPY_LIMIT_NODES = 10_000;

interface Reading {
  readonly issues: Issue[];
  /** What stands under each anchor that was passed. */
  readonly anchors: Map<string, unknown>;
  copiesLeft: number;
}

/** Plain JSON of a node; what JSON cannot hold becomes an issue. Recursion is bounded by the nesting limit. */
function toJson(node: unknown, path: Path, reading: Reading): Json {
  const { issues, anchors } = reading;
  if (isNode(node) && !isAlias(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
  if (isAlias(node)) {
    issues.push({ path, message: `The alias *${node.source} is not allowed: a reader must see what stands here.`, fix: "Write the value out." });
    return copyOf(anchors.get(node.source), reading);
  }
  if (isSeq(node)) return node.items.map((item, index) => toJson(item, [...path, index], reading));
  if (isMap(node)) {
    const members = new Map<string, Json>();
    for (const pair of node.items) {
      const key = isPair(pair) && isScalar(pair.key) ? pair.key.value : undefined;
      if (typeof key !== "string") {
        issues.push({ path, message: `A key is not text: ${String(key)}.`, fix: "Quote the key." });
      } else if (key === "__proto__") {
        issues.push({ path: [...path, key], at: "key", message: "The key __proto__ is not allowed.", fix: "Choose another name." });
      } else if (members.has(key)) {
        const offset = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
        issues.push({ path: [...path, key], at: "key", message: `The key "${key}" is not unique here.`, fix: "Keep one of the two keys.", ...(offset === undefined ? {} : { offset }) });
      } else {
        members.set(key, toJson(pair.value, [...path, key], reading));
      }
    }
    return Object.fromEntries(members);
  }
  if (node === null || node === undefined) return null;
  const value = isScalar(node) ? node.value : undefined;
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  issues.push({ path, message: `The value ${typeof value === "number" ? value : JSON.stringify(value)} cannot be kept as JSON.`, fix: "Use text, a finite number, true, false or null." });
  return null;
}

/** What an alias stands for, so that the rest of the file is checked as it was meant. An alias inside it reads as null. */
function copyOf(node: unknown, reading: Reading): Json {
  reading.copiesLeft -= 1;
  if (reading.copiesLeft < 0) return null;
  if (isSeq(node)) return node.items.map((item) => copyOf(item, reading));
  if (isMap(node)) return Object.fromEntries(node.items.flatMap(({ key, value }): [string, Json][] => (isScalar(key) && typeof key.value === "string" ? [[key.value, copyOf(value, reading)]] : [])));
  const value = isScalar(node) ? node.value : null;
  return typeof value === "string" || typeof value === "boolean" || typeof value === "number" ? value : null;
}

function locator(document: Document.Parsed, lines: LineCounter, file: string): (issue: Issue) => Fault {
  return (issue) => {
    const { line, col } = lines.linePos(issue.offset ?? offsetOf(document, issue));
    return { file, line: Math.max(1, line), column: Math.max(1, col), path: formatPath(issue.path), message: issue.message, fix: issue.fix };
  };
}

/** Offset of what the issue is about, or of the nearest thing around it that exists in the text. */
function offsetOf(document: Document.Parsed, issue: Issue): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const [index, part] of issue.path.entries()) {
    const last = index === issue.path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === part);
      if (pair === undefined) return offset;
      const keyOffset = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
      const valueOffset = isNode(pair.value) ? pair.value.range?.[0] : undefined;
      offset = (last && issue.at === "key" ? keyOffset : valueOffset) ?? keyOffset ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      offset = isNode(node) ? (node.range?.[0] ?? offset) : offset;
    } else {
      return offset;
    }
  }
  return offset;
}
