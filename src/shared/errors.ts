/**
 * An expected "no" that a person or a model can act on. Returned, never thrown.
 * `kind` is what code branches on; `message` says what happened to what; `fix` says what to do next.
 */
export interface Refusal<Kind extends string = string> {
  readonly kind: Kind;
  readonly message: string;
  readonly fix: string;
}

/** What happened and what to do, as prose. A message that ends with the words of an author or a program may lack its full stop. */
export function inWords({ message, fix }: Pick<Refusal, "message" | "fix">): string {
  const said = message.trimEnd();
  if (fix === "") return said;
  if (said.includes("\n")) return `${said}\n  ${fix}`;
  return `${said}${/[.!?]$/.test(said) ? "" : "."} ${fix}`;
}

/** An outage: the same call may succeed later. Caught once, in the host. */
export class RetryableError extends Error {
  override readonly name = "RetryableError";
  readonly retryAfterMs: number | undefined;
  constructor(message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A bug or a state nothing of ours can mend. Caught once, in the host, which prints `message` and `fix` and no stack trace. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
  readonly fix: string;
  constructor(message: string, fix: string, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.fix = fix;
  }
}

/** Why work is aborted when the time of its job is up: nobody cancelled it, and it is gone on with. */
export class TimeUpError extends Error {
  override readonly name = "TimeUpError";
}
