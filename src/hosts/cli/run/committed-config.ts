import { CONFIG_PATH, parseConfig, type Config } from "../../../config/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { SeenClone } from "../../../workspace/index.ts";

/** The config as committed where the work begins (I9). @throws TerminalError with every fault, in the order of the lines */
export async function committedConfig(clone: SeenClone): Promise<Config> {
  const config = parseConfig(await clone.readCommitted(CONFIG_PATH), CONFIG_PATH);
  if (config.ok) return config.value;
  const faults = config.error.map((fault) => `${fault.file}:${fault.line}:${fault.column}: ${fault.message} ${fault.fix}`);
  throw new TerminalError(faults.join("\n"), "Then commit the file and run again: the config of HEAD counts.");
}
