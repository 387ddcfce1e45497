import { existsSync } from "node:fs";
import { join } from "node:path";
import picomatch from "picomatch";
import { GLOB_LIMIT } from "../protocol.ts";
import { listFiles } from "./list-files.ts";
import { resolveExisting } from "./paths.ts";
import { ToolFailure, type HelperTool } from "./tool.ts";

/** `{pattern, path?}`: files that are not ignored, sorted by name. A pattern without a slash matches in every directory. */
export const glob: HelperTool = {
  exclusive: false,
  async run(input, setting) {
    const pattern = input.text("pattern");
    if (pattern === "" || pattern.length > 1_000) throw new ToolFailure("`pattern` must have 1 to 1000 characters.");
    const directory = await resolveExisting(setting.workspace, input.optionalText("path") ?? ".");
    const prefix = directory.shown === "." ? "" : `${directory.shown}/`;
    // Without extended globs, whose nesting can take exponential time.
    const matches = picomatch(pattern.replace(/^\.?\//, ""), { dot: true, noextglob: true, basename: !pattern.includes("/") });
    const found = (await listFiles(setting))
      .filter((file) => file.startsWith(prefix) && matches(file.slice(prefix.length)))
      .sort()
      // The index still lists files that were deleted since.
      .filter((file) => existsSync(join(setting.workspace, file)));
    if (found.length === 0) return { content: `No file matches ${pattern}${prefix === "" ? "" : ` in ${prefix}`}. Ignored files are not listed.` };
    const shown = found.slice(0, GLOB_LIMIT);
    const more = found.length > shown.length ? `\n[${found.length - shown.length} more; use a narrower pattern]` : "";
    return { content: shown.join("\n") + more };
  },
};
