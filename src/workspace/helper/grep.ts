import { GREP_DEFAULT_LIMIT, GREP_MAX_LIMIT, TEXT_LIMIT_CHARS } from "../protocol.ts";
import { resolveExisting } from "./paths.ts";
import { cutLine } from "./read.ts";
import { GIT_SAFE, isInstalled, runSearch, type SearchOutput } from "./search.ts";
import { ToolFailure, type HelperTool, type ToolInput, type ToolSetting } from "./tool.ts";

interface Search {
  readonly pattern: string;
  readonly path: string;
  readonly glob: string | undefined;
  readonly ignoreCase: boolean;
  readonly filesOnly: boolean;
  readonly context: number;
}

/** `{pattern, path?, glob?, ignore_case?, files_only?, context?, limit?}`: by ripgrep, else by git grep. Ignored files are not searched. */
export const grep: HelperTool = {
  exclusive: false,
  async run(input, setting) {
    const limit = input.integer("limit", { min: 1, max: GREP_MAX_LIMIT, fallback: GREP_DEFAULT_LIMIT });
    const search = await readSearch(input, setting);
    const { exitCode, stdout, stderr, cut } = isInstalled("rg") ? await runSearch("rg", ripgrepArguments(search), setting) : await gitGrep(search, setting);
    // Both answer 1 for "no match"; ripgrep answers 2 also when one file could not be read.
    if (exitCode !== 0 && exitCode !== 1 && !cut && stdout === "") throw new ToolFailure(`The search failed: ${stderr.replace(RIPGREP_HINT, "").trim()}`);
    const lines = stdout.split("\n").filter((line) => line !== "");
    if (lines.length === 0) return { content: `No match for ${search.pattern} in ${search.path === "." ? "the workspace" : search.path}. Ignored and binary files are not searched.` };
    return { content: shown(lines, limit, cut) };
  },
};

/** Names a flag of ripgrep's, which the model cannot set. */
const RIPGREP_HINT = /\n\s*Consider enabling PCRE2[^]*$/;

/** With Perl's syntax, which has `\d` and `\b` as ripgrep does; a git that was built without it takes POSIX's. */
async function gitGrep(search: Search, setting: ToolSetting): Promise<SearchOutput> {
  const perl = await runSearch("git", gitGrepArguments("-P", search), setting);
  return perl.stderr.includes("cannot use Perl-compatible") ? runSearch("git", gitGrepArguments("-E", search), setting) : perl;
}

async function readSearch(input: ToolInput, setting: ToolSetting): Promise<Search> {
  const pattern = input.text("pattern");
  if (pattern === "" || pattern.length > 10_000 || pattern.includes("\0")) throw new ToolFailure("`pattern` must have 1 to 10000 characters and no NUL.");
  return {
    pattern,
    path: (await resolveExisting(setting.workspace, input.optionalText("path") ?? ".")).shown,
    glob: input.optionalText("glob"),
    ignoreCase: input.flag("ignore_case"),
    filesOnly: input.flag("files_only"),
    context: input.integer("context", { min: 0, max: 20, fallback: 0 }),
  };
}

function ripgrepArguments(search: Search): string[] {
  const args = ["--no-config", "--hidden", "--no-require-git", "--no-heading", "--color=never", "--sort=path", "--with-filename"];
  if (search.ignoreCase) args.push("--ignore-case");
  args.push(...(search.filesOnly ? ["--files-with-matches"] : ["--line-number", `--context=${search.context}`]));
  // The last glob that matches wins, so `.git` stays out whatever the model's glob says.
  if (search.glob !== undefined) args.push(`--glob=${search.glob}`);
  return [...args, "--glob=!.git", `--regexp=${search.pattern}`, "--", search.path];
}

function gitGrepArguments(syntax: "-P" | "-E", search: Search): string[] {
  const args = [...GIT_SAFE, "grep", "--no-color", "-I", syntax, "--untracked", "--exclude-standard"];
  if (search.ignoreCase) args.push("-i");
  args.push(...(search.filesOnly ? ["--files-with-matches"] : ["-n", `-C${search.context}`]));
  const within = search.path === "." ? "" : `${search.path}/`;
  const glob = search.glob === undefined || search.glob.includes("/") ? search.glob : `**/${search.glob}`;
  const pathspec = glob === undefined ? `:(top,literal)${search.path === "." ? "" : search.path}` : `:(top,glob)${within}${glob}`;
  return [...args, "-e", search.pattern, "--", pathspec];
}

function shown(lines: readonly string[], limit: number, cut: boolean): string {
  const kept: string[] = [];
  let chars = 0;
  for (const line of lines) {
    if (kept.length >= limit || chars > TEXT_LIMIT_CHARS) break;
    const text = cutLine(line.startsWith("./") ? line.slice(2) : line);
    chars += text.length + 1;
    kept.push(text);
  }
  const more = lines.length - kept.length;
  if (more > 0 || cut) kept.push(`[${cut ? "more than " : ""}${more} more lines; narrow the pattern, path or glob, or raise limit]`);
  return kept.join("\n");
}
