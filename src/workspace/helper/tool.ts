import type { CommandOutcome, HelperSettings } from "../protocol.ts";
import type { ReadLedger } from "./read-ledger.ts";

/** A tool's "no", in words for the model: what happened, to what, what to do instead. Becomes an error result. */
export class ToolFailure extends Error {
  override readonly name = "ToolFailure";
}

export interface ToolOutput {
  readonly content: string;
  readonly isError?: boolean;
  readonly outcome?: CommandOutcome;
}

export interface ToolSetting extends HelperSettings {
  readonly ledger: ReadLedger;
  /** Aborts when the host cancels the call. */
  readonly signal: AbortSignal;
}

export interface HelperTool {
  /** True: runs alone, because it changes files or ends processes. */
  readonly exclusive: boolean;
  run(input: ToolInput, setting: ToolSetting): Promise<ToolOutput>;
}

/** A call's input, read field by field. The helper has no zod: it must start in milliseconds. */
export class ToolInput {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(input: unknown) {
    if (typeof input !== "object" || input === null || Array.isArray(input)) throw new ToolFailure("The input is not a JSON object.");
    this.#fields = Object.fromEntries(Object.entries(input));
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== "string") throw new ToolFailure(`\`${name}\` must be a string.`);
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.#fields[name] === undefined ? undefined : this.text(name);
  }

  /** A whole number from `min` to `max`, or `fallback` when the field is not there. */
  integer(name: string, { min, max, fallback }: { min: number; max: number; fallback: number }): number {
    const value = this.#fields[name] ?? fallback;
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw new ToolFailure(`\`${name}\` must be a whole number from ${min} to ${max}.`);
    }
    return value;
  }

  flag(name: string): boolean {
    const value = this.#fields[name] ?? false;
    if (typeof value !== "boolean") throw new ToolFailure(`\`${name}\` must be true or false.`);
    return value;
  }
}
