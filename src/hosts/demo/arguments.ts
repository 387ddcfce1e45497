import { parseArgs } from "node:util";
import { TerminalError } from "../../shared/errors.ts";
import { findScenario, scenarios } from "./scenario/index.ts";
import type { DemoScenario } from "./scenario/scenario.ts";

export type Asked =
  | { readonly kind: "list"; readonly json: boolean }
  | { readonly kind: "play"; readonly json: boolean; readonly scenario: DemoScenario; readonly keep: string | null; readonly killAtEvent: number | null };

const USAGE = "Usage: npm run demo -- [--scenario NAME] [--json] [--keep DIR] [--kill-at N], or --list [--json]";

/** @throws TerminalError that names what is wrong with them */
export function readArguments(args: readonly string[]): Asked {
  const values = parse(args);
  const { json, list, scenario, keep = null } = values;
  const killAt = values["kill-at"];
  if (list) {
    if (scenario !== undefined || keep !== null || killAt !== undefined) throw new TerminalError("--list plays nothing, so it goes with --json alone.", USAGE);
    return { kind: "list", json };
  }
  const killAtEvent = killAt === undefined ? null : Number(killAt);
  if (killAtEvent !== null && !(Number.isSafeInteger(killAtEvent) && killAtEvent > 0)) throw new TerminalError(`--kill-at ${killAt} is no number of an event.`, "Events are counted from 1, e.g. --kill-at 60.");
  return { kind: "play", json, scenario: scenario === undefined ? scenarios[0] : findScenario(scenario), keep, killAtEvent };
}

function parse(args: readonly string[]) {
  try {
    const options = { json: { type: "boolean", default: false }, list: { type: "boolean", default: false }, scenario: { type: "string" }, keep: { type: "string" }, "kill-at": { type: "string" } } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new TerminalError(error instanceof Error ? error.message : String(error), USAGE);
  }
}
