/**
 * A change as a patch that `git apply` takes, on its base or three-way on a later state. Pure.
 *
 * Text is shown as lines, so that a person can read it first; what is no text, or whose old text is not at hand byte for byte, is a binary hunk. Both
 * name the blobs in full, without which git takes no binary hunk and merges nothing.
 */
import type { FileMode } from "../../record/manifest.ts";
import { gitBlobName, type Change, type ChangedFile } from "../change.ts";
import { betweenCommonEnds, linesOf } from "../common-ends.ts";
import { literalHunk } from "./binary-hunk.ts";

/** A file as the base has it. */
export interface BaseFile {
  readonly mode: string;
  readonly oid: string;
  /** Null where it is not at hand. */
  readonly text: string | null;
}

/** Lines around what is changed. */
const CONTEXT = 3;
const MAX_TEXT_BYTES = 1024 * 1024;

interface Side {
  readonly mode: string;
  readonly oid: string;
  /** Null: not at hand, or no text. */
  readonly text: string | null;
  /** Null: not at hand. */
  readonly bytes: Uint8Array | null;
}

/** @param base the files the change touches, by path; those it adds are not in it */
export function changePatch(change: Change, base: ReadonlyMap<string, BaseFile>): string {
  return change.files.map((file) => filePatch(file, base.get(file.path) ?? null)).join("");
}

function filePatch(file: ChangedFile, base: BaseFile | null): string {
  const before = base === null ? null : beforeOf(base);
  const after = file.kind === "deleted" ? null : afterOf(file);
  // A file does not become a link, or a link a file: one goes, one comes.
  if (before !== null && after !== null && kindOf(before.mode) !== kindOf(after.mode)) return `${diff(file.path, before, null)}${diff(file.path, null, after)}`;
  return diff(file.path, before, after);
}

const kindOf = (mode: string): string => mode.slice(0, 3);

const beforeOf = ({ mode, oid, text }: BaseFile): Side => {
  const bytes = text === null ? null : Buffer.from(text);
  const exact = bytes !== null && gitBlobName(bytes, oid.length) === oid;
  return { mode, oid, text: exact && bytes.byteLength <= MAX_TEXT_BYTES ? text : null, bytes: exact ? bytes : null };
};

const afterOf = ({ mode, oid, bytes }: { readonly mode: FileMode; readonly oid: string; readonly bytes: Uint8Array }): Side => ({ mode, oid, bytes, text: textOf(bytes) });

function textOf(bytes: Uint8Array): string | null {
  if (bytes.byteLength > MAX_TEXT_BYTES || bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null; // Not UTF-8.
  }
}

function diff(path: string, before: Side | null, after: Side | null): string {
  if (before === null && after === null) return "";
  const zero = "0".repeat((before ?? after)?.oid.length ?? 40);
  const [from, to] = [before?.oid ?? zero, after?.oid ?? zero];
  const head = [`diff --git ${quoted(`a/${path}`)} ${quoted(`b/${path}`)}`, ...modes(before, after)];
  if (from === to) return `${head.join("\n")}\n`;
  head.push(`index ${from}..${to}${before !== null && before.mode === after?.mode ? ` ${before.mode}` : ""}`);
  const lines = hunk(before === null ? "" : before.text, after === null ? "" : after.text);
  if (lines === null) return `${head.join("\n")}\nGIT binary patch\n${literalHunk(after?.bytes ?? new Uint8Array())}`;
  if (lines === "") return `${head.join("\n")}\n`;
  return `${head.join("\n")}\n--- ${before === null ? "/dev/null" : named(`a/${path}`)}\n+++ ${after === null ? "/dev/null" : named(`b/${path}`)}\n${lines}`;
}

function modes(before: Side | null, after: Side | null): readonly string[] {
  if (before === null) return after === null ? [] : [`new file mode ${after.mode}`];
  if (after === null) return [`deleted file mode ${before.mode}`];
  return before.mode === after.mode ? [] : [`old mode ${before.mode}`, `new mode ${after.mode}`];
}

/** One hunk from the first changed line to the last; "" where there is no line on either side, null where a text is not at hand. */
function hunk(before: string | null, after: string | null): string | null {
  if (before === null || after === null) return null;
  const [a, b] = [linesOf(before), linesOf(after)];
  if (a.length === 0 && b.length === 0) return "";
  const { start: same, before: gone, after: come } = betweenCommonEnds(a, b);
  const start = Math.max(0, same - CONTEXT);
  const lead = a.slice(start, same);
  const trail = a.slice(same + gone.length, same + gone.length + CONTEXT);
  const shown = [...lead.map((line) => mark(" ", line)), ...gone.map((line) => mark("-", line)), ...come.map((line) => mark("+", line)), ...trail.map((line) => mark(" ", line))];
  const around = lead.length + trail.length;
  return `@@ -${range(start, gone.length + around)} +${range(start, come.length + around)} @@\n${shown.join("")}`;
}

const mark = (sign: string, line: string): string => `${sign}${line.endsWith("\n") ? line : `${line}\n\\ No newline at end of file\n`}`;

const range = (start: number, length: number): string => `${length === 0 ? start : start + 1},${length}`;

/** git ends a name with a tab where it has a space in it: the rest of the line could be a date. */
const named = (path: string): string => (path.includes(" ") && quoted(path) === path ? `${path}\t` : quoted(path));

/** git's quoting of names with control characters, quotes, backslashes or bytes beyond ASCII (core.quotePath). */
function quoted(path: string): string {
  const bytes = [...Buffer.from(path)];
  if (bytes.every((byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c)) return path;
  return `"${bytes.map((byte) => (byte === 0x22 || byte === 0x5c ? `\\${String.fromCharCode(byte)}` : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`)).join("")}"`;
}
