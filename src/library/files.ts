/** Finds and reads workflow files. Whatever lies on the disk comes back as text or as a fault; nothing here throws because of it. */
import { readdirSync, readFileSync, realpathSync, statSync, type Dirent } from "node:fs";
import { extname, join } from "node:path";
import { systemErrorCode } from "../shared/durable-files.ts";
import type { Fault } from "../shared/fault.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { decodeWorkflow, sizeProblem, TOO_LARGE_FIX } from "../workflow/decode.ts";

/** Files of one folder; a folder with more is no workflow library but a mistake. */
const FOLDER_LIMIT_FILES = 2_000;

const EXTENSIONS: ReadonlySet<string> = new Set([".yaml", ".yml", ".json"]);
/** Folders and files that hold no workflows, whatever they are called. */
const NOT_WORKFLOWS: ReadonlySet<string> = new Set(["node_modules", ".git", "bindings.json", "package.json", "package-lock.json", "tsconfig.json"]);

/** A fault of a file as a whole. */
const fileFault = (file: string, message: string, fix: string): Fault => ({ file, line: 1, column: 1, path: "", message, fix });

export interface FoundFiles {
  readonly files: readonly string[];
  readonly faults: readonly Fault[];
}

/** The workflow files a path means: itself, or those of the folder and below, sorted. A folder is entered once, so links cannot loop. */
export function findWorkflowFiles(path: string): FoundFiles {
  const files: string[] = [];
  const faults: Fault[] = [];
  const entered = new Set<string>();
  const queue = [path];
  for (let at = queue.shift(); at !== undefined && files.length <= FOLDER_LIMIT_FILES; at = queue.shift()) {
    const entries = listFolder(at, entered);
    if (entries === "file") files.push(at);
    else if (!entries.ok) faults.push(entries.error);
    else queue.push(...entries.value.map((name) => join(at ?? "", name)));
  }
  if (files.length > FOLDER_LIMIT_FILES) faults.push(fileFault(path, `The folder holds more than ${FOLDER_LIMIT_FILES} files.`, "Name the folder that holds the workflows."));
  return { files: files.slice(0, FOLDER_LIMIT_FILES).toSorted(), faults };
}

function listFolder(path: string, entered: Set<string>): "file" | Result<readonly string[], Fault> {
  try {
    if (!statSync(path).isDirectory()) return "file";
    const real = realpathSync(path);
    if (entered.has(real)) return ok([]);
    entered.add(real);
    const entries = readdirSync(path, { withFileTypes: true });
    return ok(entries.filter(mayHoldWorkflows).map((entry) => entry.name).toSorted());
  } catch (error) {
    return err(systemFault(path, error));
  }
}

const mayHoldWorkflows = (entry: Dirent): boolean =>
  !NOT_WORKFLOWS.has(entry.name) && (entry.isDirectory() || ((entry.isFile() || entry.isSymbolicLink()) && (EXTENSIONS.has(extname(entry.name).toLowerCase()) || (entry.isSymbolicLink() && extname(entry.name) === ""))));

/** The text of a workflow file; a fault when it is missing, unreadable, too large, no regular file or not UTF-8. */
export function readWorkflowText(path: string): Result<string, Fault> {
  try {
    const { size } = statSync(path);
    if (!statSync(path).isFile()) return err(fileFault(path, "This is no regular file.", "Name a workflow file or a folder."));
    const tooLarge = sizeProblem(size);
    if (tooLarge !== null) return err(fileFault(path, tooLarge, TOO_LARGE_FIX));
    const text = decodeWorkflow(readFileSync(path), path);
    return text.ok ? text : err(text.error[0] ?? fileFault(path, "The file is not UTF-8 text.", "Save it as UTF-8."));
  } catch (error) {
    return err(systemFault(path, error));
  }
}

function systemFault(path: string, error: unknown): Fault {
  const code = systemErrorCode(error);
  if (code === null) throw error;
  if (code === "ENOENT" || code === "ENOTDIR") return fileFault(path, "There is no such file or folder.", "Check the path.");
  if (code === "ELOOP") return fileFault(path, "The symbolic link leads back to itself.", "Remove or mend the link.");
  return fileFault(path, `It cannot be read (${code}).`, "Check its permissions.");
}
