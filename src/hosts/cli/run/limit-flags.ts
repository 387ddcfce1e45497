/** Flags of `worktrain run` that limit it in place of the config's `budget`. */
import type { Budget } from "../../../config/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { Call, CommandOption } from "../command.ts";

type Limit = Exclude<keyof Budget, "session">;

interface LimitFlag {
  readonly limit: Limit;
  readonly value: string;
  /** In the limit's own unit. */
  readonly unit: number;
  readonly whole: boolean;
  readonly help: string;
}

const FLAGS: Readonly<Record<string, LimitFlag>> = {
  "max-cost": { limit: "costMicroUsd", value: "USD", unit: 1_000_000, whole: false, help: "US dollars the task may cost, earlier runs of it included" },
  "max-turns": { limit: "turns", value: "N", unit: 1, whole: true, help: "model turns it may take" },
  "max-tokens": { limit: "tokens", value: "N", unit: 1, whole: true, help: "tokens it may use, input, cache and output together" },
  "max-input-tokens": { limit: "inputTokens", value: "N", unit: 1, whole: true, help: "input tokens it may use, cached ones included" },
  "max-output-tokens": { limit: "outputTokens", value: "N", unit: 1, whole: true, help: "output tokens it may use" },
  "max-minutes": { limit: "ms", value: "N", unit: 60_000, whole: false, help: "minutes it may work" },
  "max-tool-minutes": { limit: "toolMs", value: "N", unit: 60_000, whole: false, help: "minutes its tools may run" },
};

export const limitOptions: Readonly<Record<string, CommandOption>> = Object.fromEntries(
  Object.entries(FLAGS).map(([name, { value, help }]) => [name, { kind: "text" as const, value, help: `${help} (default: as the task was last run, else budget of the config)` }]),
);

/** @throws TerminalError naming the flag that is no number above zero */
export function readLimits(call: Call): Partial<Record<Limit, number>> {
  const given = Object.entries(FLAGS).flatMap(([name, flag]) => {
    const text = call.text(name);
    return text === undefined ? [] : [[flag.limit, limitOf(name, flag, text)] as const];
  });
  return Object.fromEntries(given);
}

function limitOf(name: string, { unit, whole }: LimitFlag, text: string): number {
  const value = Number(text);
  const fits = text.trim() !== "" && Number.isFinite(value) && value > 0 && (!whole || Number.isSafeInteger(value));
  if (!fits) throw new TerminalError(`--${name} ${text} is no ${whole ? "whole number" : "number"} above zero.`, `Write it like --${name} ${whole ? "100" : "2.5"}.`);
  return Math.round(value * unit);
}
