import { promises as fs } from "node:fs";
import { dirname } from "node:path";
import { encodeText } from "./file-text.ts";
import { readRegular, resolveInside, writeRegular } from "./paths.ts";
import { ToolFailure, type HelperTool } from "./tool.ts";

/** `{path, content}`: a new file with its directories, or the whole new content of one that was read. */
export const write: HelperTool = {
  exclusive: true,
  async run(input, { workspace, ledger }) {
    const path = await resolveInside(workspace, input.text("path"));
    const bytes = encodeText(input.text("content"), "content");
    if (path.exists) {
      const state = ledger.compare(path.real, await readRegular(path));
      if (state === "never-read") throw new ToolFailure(`${path.shown} exists. Read it before you replace it, or use edit.`);
      if (state === "changed") throw new ToolFailure(`${path.shown} has changed since you read it. Read it again first.`);
    } else {
      await fs.mkdir(dirname(path.real), { recursive: true });
    }
    await writeRegular(path, bytes);
    ledger.note(path.real, bytes);
    return { content: `${path.exists ? "Replaced" : "Created"} ${path.shown} (${bytes.length} bytes).` };
  },
};
