/** One line of git's raw diff format (`diff-tree -z`, `diff-files -z`, renames off). */
export interface RawChange {
  readonly oldMode: string;
  readonly newMode: string;
  readonly oldOid: string;
  /** All zeros when the file is gone, or when git has not read it (diff-files). */
  readonly newOid: string;
  readonly status: "A" | "D" | "M" | "T" | "U";
  readonly path: RawPath;
}

/** A path's bytes, one character each (latin1): git's paths need not be UTF-8. */
export type RawPath = string;

export const GITLINK_MODE = "160000";
export const isGone = (change: RawChange): boolean => change.status === "D";

/** @throws Error on anything that is not git's raw format */
export function parseRawDiff(bytes: Uint8Array): readonly RawChange[] {
  const fields = splitNul(bytes);
  const changes: RawChange[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const match = /^:(\d{6}) (\d{6}) ([0-9a-f]+) ([0-9a-f]+) ([ADMTU])$/.exec(fields[at] ?? "");
    const path = fields[at + 1];
    if (match === null || path === undefined) throw new Error(`git printed an unexpected diff line: ${fields[at]}`);
    const [, oldMode = "", newMode = "", oldOid = "", newOid = "", status = ""] = match;
    changes.push({ oldMode, newMode, oldOid, newOid, status: statusOf(status), path });
  }
  return changes;
}

const STATUSES = ["A", "D", "M", "T", "U"] as const;
const statusOf = (letter: string): RawChange["status"] => STATUSES.find((status) => status === letter) ?? "U";

/** Fields of a NUL-terminated list. */
export function splitNul(bytes: Uint8Array): readonly string[] {
  const fields = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1").split("\0");
  fields.pop();
  return fields;
}

/** A NUL-terminated list as git's `-z --stdin` reads it. */
export const joinNul = (lines: readonly string[]): Uint8Array => Buffer.from(lines.map((line) => `${line}\0`).join(""), "latin1");

/** The path as text; null when its bytes are not UTF-8. */
export function decodePath(path: RawPath): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(path, "latin1"));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** The path for people, whatever its bytes are. */
export const showPath = (path: RawPath): string => JSON.stringify(Buffer.from(path, "latin1").toString("utf8")).slice(1, -1);

export const encodePath = (path: string): RawPath => Buffer.from(path, "utf8").toString("latin1");
