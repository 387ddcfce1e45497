import { z } from "zod";
import { revealHidden } from "../../shared/hidden.ts";
import type { Sandbox } from "../../workspace/index.ts";
import type { Tool } from "../tool.ts";

const path = z.string().min(1).describe("File, relative to the workspace.");
const directory = z.string().min(1).optional().describe("Directory to look in, relative to the workspace. Default: all of it.");

/** Name, text for the model, input and whether it only reads. The helper in the sandbox does the work under the same names. */
const definitions = {
  read: {
    readOnly: true,
    description:
      "Reads a text file and returns its lines, each with its number and a tab. At most 2000 lines a call: use offset and limit for the rest. " +
      "Fails on binary files, directories and files outside the workspace or in .git.",
    schema: z.object({
      path,
      offset: z.int().min(1).optional().describe("First line, counted from 1."),
      limit: z.int().min(1).max(2_000).optional().describe("Number of lines."),
    }),
  },
  write: {
    readOnly: false,
    description:
      "Writes a whole file and makes missing directories. For small changes use edit. " +
      "Fails on a file that exists and was not read, or has changed since it was read.",
    schema: z.object({ path, content: z.string().describe("The whole new content.") }),
  },
  edit: {
    readOnly: false,
    description:
      "Replaces text in a file that was read before. old_string must match exactly, white space included, without line numbers, and occur once " +
      "(or set replace_all). Fails when the file has changed since it was read.",
    schema: z.object({
      path,
      old_string: z.string().min(1).describe("Text to replace; take enough lines around it to make it unique."),
      new_string: z.string().describe("Text to put there."),
      replace_all: z.boolean().optional().describe("Replace every occurrence."),
    }),
  },
  glob: {
    readOnly: true,
    description: "Lists files by name pattern, such as src/**/*.ts or *.md (any directory). Ignored files (.gitignore) are left out; at most 500 are shown.",
    schema: z.object({ pattern: z.string().min(1).max(1_000), path: directory }),
  },
  grep: {
    readOnly: true,
    description: "Searches file contents by regular expression and returns file:line:text. Ignored and binary files are not searched. No look-around or back-references.",
    schema: z.object({
      pattern: z.string().min(1).max(10_000),
      path: z.string().min(1).optional().describe("File or directory to search. Default: the whole workspace."),
      glob: z.string().min(1).max(1_000).optional().describe("Only files whose name matches, such as *.ts."),
      ignore_case: z.boolean().optional(),
      files_only: z.boolean().optional().describe("Return only the names of files with a match."),
      context: z.int().min(0).max(20).optional().describe("Lines shown around each match."),
      limit: z.int().min(1).max(1_000).optional().describe("Most lines returned. Default 250."),
    }),
  },
  bash: {
    readOnly: false,
    description:
      "Runs a command in bash, in the workspace, and returns its output and exit code. Each call is a new shell: directory and variables do not carry over. " +
      "There is no input and no network but for hosts the operator opened (if HTTPS_PROXY is set), .git is read-only (no commits), and only the workspace and /tmp can be written. When the command ends, so does everything it started. " +
      "Output over 64 KB loses its middle. Prefer read, edit, glob and grep for what they do.",
    schema: z.object({
      command: z.string().min(1).max(100_000),
      cwd: z.string().min(1).optional().describe("Directory, relative to the workspace."),
      timeout_ms: z.int().min(1).max(600_000).optional().describe("Default 120000."),
    }),
  },
} satisfies Record<string, Pick<Tool, "readOnly" | "description" | "schema">>;

/** Said under a result that held characters a reader would not see; edit finds such a place only by what stands around it. */
const REVEALED = "[Characters that a reader would not see are shown by their codes, such as [U+200B]; in the file they are the characters themselves.]";

/** The tools on files and commands. All of them run inside the sandbox; nothing here opens a path. */
export function workspaceTools(sandbox: Sandbox): readonly Tool[] {
  return Object.entries(definitions).map(([name, definition]) => ({
    name,
    ...definition,
    run: async (input, { signal }) => {
      const { content, isError } = await sandbox.call(name, input, { signal });
      const shown = revealHidden(content);
      return { content: shown === content ? content : `${shown}\n${REVEALED}`, isError };
    },
  }));
}
