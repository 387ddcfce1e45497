/**
 * Text of a workflow file to plain JSON with positions. YAML 1.2 core; JSON is a subset.
 * Refused here: aliases and tags (a reader must see what is there), duplicate keys, several documents, sizes and nesting no
 * author needs. Nothing recursive runs before the nesting is known.
 */
import { Composer, type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, Lexer, LineCounter, Parser, type CST } from "yaml";
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
  const faults = [...document.errors, ...document.warnings].slice(0, FAULT_LIMIT).map((error) => whole(`Not valid YAML: ${firstLine(error.message)}`, yamlFix(error.code), Math.min(error.pos[0], text.length)));
  if (second !== undefined) faults.push(whole("The file holds more than one YAML document.", "Keep one workflow per file.", second.range[0]));

  const issues: Issue[] = [];
  const value = toJson(document.contents, [], issues);
  const locate = locator(document, lines, file);
  faults.push(...issues.slice(0, FAULT_LIMIT).map(locate));
  return faults.length > 0 ? err(faults.slice(0, FAULT_LIMIT)) : ok({ value, locate });
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? text;

function yamlFix(code: string): string {
  switch (code) {
    case "BAD_INDENT":
      return "Indent the entries of one block by the same number of spaces.";
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

/** Plain JSON of a node; what JSON cannot hold becomes an issue. Recursion is bounded by the nesting limit. */
function toJson(node: unknown, path: Path, issues: Issue[]): Json {
  if (isAlias(node)) {
    issues.push({ path, message: `The alias *${node.source} is not allowed: a reader must see what stands here.`, fix: "Write the value out." });
    return null;
  }
  if (isSeq(node)) return node.items.map((item, index) => toJson(item, [...path, index], issues));
  if (isMap(node)) {
    const members: [string, Json][] = [];
    const seen = new Set<string>();
    for (const pair of node.items) {
      const key = isPair(pair) && isScalar(pair.key) ? pair.key.value : undefined;
      if (typeof key !== "string") {
        issues.push({ path, message: `A key is not text: ${String(key)}.`, fix: "Quote the key." });
      } else if (key === "__proto__") {
        issues.push({ path: [...path, key], at: "key", message: "The key __proto__ is not allowed.", fix: "Choose another name." });
      } else if (seen.has(key)) {
        const offset = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
        issues.push({ path: [...path, key], at: "key", message: `The key "${key}" is not unique here.`, fix: "Keep one of the two keys.", ...(offset === undefined ? {} : { offset }) });
      } else {
        seen.add(key);
        members.push([key, toJson(pair.value, [...path, key], issues)]);
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
