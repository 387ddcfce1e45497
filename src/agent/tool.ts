import type { z } from "zod";

/** What a tool tells the model. A failure is a result too: `isError` with text that says what to do instead. */
export interface ToolResult {
  readonly content: string;
  readonly isError: boolean;
  /**
   * The conversation ends once this result is in the log: `true` as `completed`, `session_over` when the session ended otherwise.
   */
  readonly ends?: boolean | "session_over";
}

export interface ToolContext {
  /** Aborts when the conversation is cancelled or its time is up; a tool that runs on after it is left behind. */
  readonly signal: AbortSignal;
  /** The API's id of this call, unique in the conversation. */
  readonly toolUseId: string;
}

/** Thrown by a tool whose work a later run goes on with: the conversation ends, the call stays open in the log and is made again then. */
export class CallLeftOpen extends Error {
  override readonly name = "CallLeftOpen";
}

/** One tool the model can call. `name`, `description` and `schema` are sent with every request and must not change during a session. */
export interface Tool {
  /** 1 to 64 of `[a-zA-Z0-9_-]` (P-model-tools). */
  readonly name: string;
  readonly description: string;
  /** Of the input, an object. Sent as JSON Schema; `run` gets what it parsed. */
  readonly schema: z.ZodType;
  /** Changes nothing anywhere: may run beside other read-only calls, and again after an interruption. */
  readonly readOnly: boolean;
  /** Its time is counted elsewhere (a child's session), not as tool time. */
  readonly untimed?: boolean;
  /** Answers a call that an earlier run left open, in place of the word that it may or may not have happened. */
  interrupted?(): ToolResult;
  /**
   * Failures belong into the result. A thrown TerminalError or RetryableError (a broken journal, a save that failed) ends the run and
   * is passed on, `CallLeftOpen` leaves the call open; of any other error the model reads the message as an error result.
   */
  run(input: unknown, context: ToolContext): Promise<ToolResult>;
}
