import { readFileSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { systemErrorCode } from "../../shared/durable-files.ts";

/** Bytes of a file that become context: half of what a session's whole context may take. */
const SOURCE_LIMIT_BYTES = 128 * 1024;

/** The text of a file of the workspace for a context-gather step; null when it is missing, outside, too large, or no text. */
export function readWorkspaceContext(workspacePath: string | null, path: string): string | null {
  if (workspacePath === null) return null;
  try {
    const root = realpathSync(workspacePath);
    const file = realpathSync(resolve(root, path));
    const inside = relative(root, file);
    if (inside === "" || inside.startsWith("..") || isAbsolute(inside)) return null;
    const { size } = statSync(file);
    if (!statSync(file).isFile() || size === 0 || size > SOURCE_LIMIT_BYTES) return null;
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof TypeError || systemErrorCode(error) !== null) return null;
    throw error;
  }
}
