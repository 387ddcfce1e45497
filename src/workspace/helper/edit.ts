import { encodeText, isBinary, strictUtf8 } from "./file-text.ts";
import { readRegular, resolveExisting, writeRegular } from "./paths.ts";
import { ToolFailure, type HelperTool } from "./tool.ts";

/** `{path, old_string, new_string, replace_all?}`: exact replacement in a file that was read and has not changed since. */
export const edit: HelperTool = {
  exclusive: true,
  async run(input, { workspace, ledger }) {
    const path = await resolveExisting(workspace, input.text("path"));
    const all = input.flag("replace_all");
    const bytes = await readRegular(path);
    const state = ledger.compare(path.real, bytes);
    if (state === "never-read") throw new ToolFailure(`Read ${path.shown} before you edit it.`);
    if (state === "changed") throw new ToolFailure(`${path.shown} has changed since you read it. Read it again first.`);
    const text = isBinary(bytes) ? null : strictUtf8(bytes);
    if (text === null) throw new ToolFailure(`${path.shown} is not UTF-8 text; edit would damage it.`);

    const wanted = { old: input.text("old_string"), new: input.text("new_string") };
    if (wanted.old === "") throw new ToolFailure("`old_string` is empty. Use write for a new or wholly new content.");
    if (wanted.old === wanted.new) throw new ToolFailure("`old_string` and `new_string` are the same.");
    const { old, replacement } = inFileLineEnds(text, wanted);
    const pieces = text.split(old);
    const found = pieces.length - 1;
    if (found === 0) throw new ToolFailure(`\`old_string\` is not in ${path.shown}. It must match exactly, white space included, without the line numbers.`);
    if (found > 1 && !all) throw new ToolFailure(`\`old_string\` is in ${path.shown} ${found} times. Give more lines around it, or set replace_all.`);
    const edited = encodeText(pieces.join(replacement), "new_string");
    await writeRegular(path, edited);
    ledger.note(path.real, edited);
    return { content: `Edited ${path.shown}: ${found} ${found === 1 ? "replacement" : "replacements"}.` };
  },
};

/** The model sees lines without their ends: in a file of CRLF lines its LF means CRLF. */
function inFileLineEnds(text: string, wanted: { old: string; new: string }): { old: string; replacement: string } {
  const crlf = text.includes("\r\n") && !text.includes(wanted.old) && !wanted.old.includes("\r");
  const adapt = (part: string) => (crlf ? part.replaceAll(/\r?\n/g, "\r\n") : part);
  return { old: adapt(wanted.old), replacement: adapt(wanted.new) };
}
