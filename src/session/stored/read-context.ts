import { readFileSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { systemErrorCode } from "../../shared/durable-files.ts";
import type { ContextAnswer } from "../session.ts";

/** Bytes of a file that become context: half of what a session's whole context may take. */
const SOURCE_LIMIT_BYTES = 128 * 1024;

/** The text of a file of the workspace for a context-gather step, or why it is none. */
export function readWorkspaceContext(workspacePath: string | null, path: string): ContextAnswer {
  if (workspacePath === null) return missed("the session has no workspace");
  try {
    const root = realpathSync(workspacePath);
    const file = realpathSync(resolve(root, path));
    const inside = relative(root, file);
    if (inside === "" || inside.startsWith("..") || isAbsolute(inside)) return missed("it lies outside the workspace");
    const stat = statSync(file);
    if (!stat.isFile()) return missed("it is no file");
    if (stat.size > SOURCE_LIMIT_BYTES) return missed(`it has ${stat.size} bytes; the limit is ${SOURCE_LIMIT_BYTES}`);
    return stat.size === 0 ? missed("it is empty") : { value: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file)) };
  } catch (error) {
    if (error instanceof TypeError) return missed("it is not UTF-8 text");
    const code = systemErrorCode(error);
    if (code === null) throw error;
    return missed(code === "ENOENT" || code === "ENOTDIR" ? null : `it cannot be read (${code})`);
  }
}

const missed = (reason: string | null): ContextAnswer => ({ value: null, reason });
