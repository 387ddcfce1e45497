/** `worktrain config`: what holds, and what is wrong with the file. */
import { CONFIG_PATH, effectiveKeys, effectiveText, parseConfig } from "../../../config/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { fileOf, lookAtRepository } from "../doctor/repository.ts";
import { printable } from "../printable.ts";

/** @throws TerminalError outside of a clone */
export async function showConfig(world: CliWorld): Promise<CommandResult> {
  const { root } = await lookAtRepository(world);
  if (root === null) throw new TerminalError(`${world.workingDirectory} is in no git clone.`, "Run this in a clone of the repository.");
  const text = fileOf(root, CONFIG_PATH);
  const parsed = parseConfig(text, CONFIG_PATH);
  if (!parsed.ok) {
    const lines = parsed.error.map(({ file, line, column, message, fix }) => `${file}:${line}:${column}: ${message} ${fix}`);
    return { exitCode: 1, text: printable(lines.join("\n")), data: { file: CONFIG_PATH, ok: false, faults: parsed.error } };
  }
  const keys = effectiveKeys(parsed.value, text);
  const head = text === null ? `There is no ${CONFIG_PATH}: all defaults. Add the file, an empty one does, before a label on GitHub can start work.` : `${CONFIG_PATH}, * is set in the file:`;
  return { exitCode: 0, text: printable(`${head}\n${effectiveText(keys)}`), data: { file: CONFIG_PATH, ok: true, present: text !== null, keys } };
}
