/** Small files that only this user may read, replaced as a whole: what running processes of ours tell each other. */
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../../shared/durable-files.ts";
import { makeOwnDirectory } from "../../../shared/make-directory.ts";

/** Makes the directory, or narrows it when it is there: others must not be able to put words into it. */
export function makePrivateDirectory(directory: string): void {
  makeOwnDirectory(directory);
  chmodSync(directory, 0o700);
}

/** Whoever reads the file sees the old content or the new one, never a part. */
export function writePrivately(directory: string, name: string, content: unknown): void {
  const temporary = join(directory, `.${name}.${process.pid}`);
  writeFileSync(temporary, JSON.stringify(content), { mode: 0o600 });
  renameSync(temporary, join(directory, name));
}

/** Names of the finished files of a directory, sorted; none if it is not there. */
export function privateFiles(directory: string): readonly string[] {
  return unlessMissing(() => readdirSync(directory).filter((name) => !name.startsWith(".") && name.endsWith(".json")).sort()) ?? [];
}

/** Null when the file is gone or holds no JSON. */
export function readPrivately(directory: string, name: string): unknown {
  const text = unlessMissing(() => readFileSync(join(directory, name), "utf8"));
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** @returns whether it was there to be moved */
export const movePrivately = (from: string, to: string, name: string): boolean => unlessMissing(() => (renameSync(join(from, name), join(to, name)), true)) ?? false;

export const removePrivately = (directory: string, name: string): void => rmSync(join(directory, name), { force: true });

function unlessMissing<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return null;
    throw error;
  }
}
