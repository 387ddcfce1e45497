/** The files a step writes to speak to the runner: `GITHUB_OUTPUT`, `GITHUB_ENV`, `GITHUB_STATE`, `GITHUB_PATH`. */
import { TerminalError } from "../../../shared/errors.ts";

/**
 * Reads `name=value` lines and `name<<DELIMITER` blocks, as actions/runner does: the last value of a name counts,
 * line ends inside a block are kept as they were.
 * @param file the variable's name, for the message
 * @throws TerminalError on a line that is neither, or a block that is never closed; the step fails with it
 */
export function parseCommandFile(text: string, file: string): Readonly<Record<string, string>> {
  const values = new Map<string, string>();
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = withoutLineEnd(lines[index] ?? "");
    if (line === "") continue;
    const block = /^([^=]*?)<<(.+)$/.exec(line);
    const single = /^([^=]+)=([^]*)$/.exec(line);
    if (block?.[1] !== undefined && block[2] !== undefined && block[1] !== "") {
      const end = lines.findIndex((candidate, at) => at > index && withoutLineEnd(candidate) === block[2]);
      if (end === -1) throw malformed(file, `the block of \`${block[1]}\` is not closed by its delimiter`);
      values.set(block[1], withoutLineEnd(lines.slice(index + 1, end).join("")));
      index = end;
    } else if (single?.[1] !== undefined) {
      values.set(single[1], single[2] ?? "");
    } else {
      throw malformed(file, `\`${line.slice(0, 80)}\` is neither name=value nor name<<DELIMITER`);
    }
  }
  return Object.fromEntries(values);
}

/** Entries of `GITHUB_PATH`, one a line. */
export const parsePathFile = (text: string): readonly string[] => text.split(/\r?\n/).filter((line) => line !== "");

const withoutLineEnd = (line: string): string => line.replace(/\r?\n$/, "");

const malformed = (file: string, problem: string): TerminalError =>
  new TerminalError(`The step wrote to ${file} what cannot be read: ${problem}.`, "Write name=value on one line, or a block name<<DELIMITER ... DELIMITER.");
