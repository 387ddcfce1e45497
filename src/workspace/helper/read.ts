import { LINE_LIMIT_CHARS, READ_LINES, TEXT_LIMIT_CHARS } from "../protocol.ts";
import { isBinary, lenientUtf8, strictUtf8 } from "./file-text.ts";
import { readRegular, resolveExisting } from "./paths.ts";
import { ToolFailure, type HelperTool } from "./tool.ts";

/** `{path, offset?, limit?}`: lines with their numbers, from line `offset` (1 is the first). */
export const read: HelperTool = {
  exclusive: false,
  async run(input, { workspace, ledger }) {
    const path = await resolveExisting(workspace, input.text("path"));
    const offset = input.integer("offset", { min: 1, max: 100_000_000, fallback: 1 });
    const limit = input.integer("limit", { min: 1, max: READ_LINES, fallback: READ_LINES });
    const bytes = await readRegular(path);
    if (isBinary(bytes)) throw new ToolFailure(`${path.shown} is binary (${bytes.length} bytes).`);
    ledger.note(path.real, bytes);
    const text = strictUtf8(bytes);
    const lines = splitLines(text ?? lenientUtf8(bytes));
    if (lines.length === 0) return { content: `${path.shown} is empty.` };
    if (offset > lines.length) throw new ToolFailure(`${path.shown} has ${lines.length} lines; offset ${offset} is past its end.`);
    const notes: string[] = [];
    if (text === null) notes.push("Not valid UTF-8: what could not be decoded is shown as \uFFFD, and edit refuses this file.");
    if (bytes.includes("\r\n")) notes.push("Lines end in CRLF; edit keeps that.");
    return { content: numbered(lines, offset, limit, notes) };
  },
};

function splitLines(text: string): string[] {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function numbered(lines: readonly string[], offset: number, limit: number, notes: string[]): string {
  const shown: string[] = [];
  let chars = 0;
  let next = offset;
  for (; next <= lines.length && next < offset + limit && chars < TEXT_LIMIT_CHARS; next++) {
    const line = `${String(next).padStart(6)}\t${cutLine(lines[next - 1] ?? "")}`;
    chars += line.length + 1;
    shown.push(line);
  }
  if (next <= lines.length) notes.push(`Lines ${offset} to ${next - 1} of ${lines.length}; go on with offset ${next}.`);
  return [...shown, ...notes.map((note) => `[${note}]`)].join("\n");
}

export function cutLine(line: string): string {
  return line.length <= LINE_LIMIT_CHARS ? line : `${line.slice(0, LINE_LIMIT_CHARS)} [${line.length - LINE_LIMIT_CHARS} more characters]`;
}
