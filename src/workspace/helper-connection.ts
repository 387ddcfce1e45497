import { StringDecoder } from "node:string_decoder";
import { z } from "zod";
import type { ChildProcess } from "../shared/ports.ts";
import { REPLY_LIMIT_BYTES, type CommandOutcome, type HelperReply, type HelperRequest } from "./protocol.ts";

/** What comes out of the sandbox is from an adversary: checked in full, and capped. */
const replySchema: z.ZodType<HelperReply> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ready") }),
  z.strictObject({
    kind: z.literal("result"),
    id: z.int().min(0),
    content: z.string().max(2 * 1024 * 1024),
    isError: z.boolean(),
    outcome: z.strictObject({ exitCode: z.int().nullable(), timedOut: z.boolean(), durationMs: z.number().min(0) }).optional(),
  }),
]);

export interface CallResult {
  readonly content: string;
  readonly isError: boolean;
  readonly outcome?: CommandOutcome | undefined;
}

/** A cancelled call that has not replied after this long takes the whole helper with it. */
const CANCEL_GRACE_MS = 10_000;

/** One running helper: pairs requests with replies until it ends. Every call resolves, also when the helper dies. */
export class HelperConnection {
  /** Resolves when the helper serves; with its last words when it ended before. */
  readonly ready: Promise<{ readonly failed: string | null }>;
  readonly ended: Promise<void>;
  #alive = true;
  #killed = false;
  #nextId = 0;
  #stderr = "";
  #line = "";
  readonly #child: ChildProcess;
  readonly #decoder = new StringDecoder("utf8");
  readonly #pending = new Map<number, (result: CallResult) => void>();
  readonly #becameReady = Promise.withResolvers<{ failed: string | null }>();

  constructor(child: ChildProcess) {
    this.#child = child;
    this.ready = this.#becameReady.promise;
    child.onStdout((chunk) => this.#receive(chunk));
    child.onStderr((chunk) => {
      if (this.#stderr.length < 8_192) this.#stderr += new TextDecoder().decode(chunk);
    });
    this.ended = child.exited.then(({ exitCode, signal }) => this.#end(`exit code ${exitCode}, signal ${signal}`));
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Sends one call. `signal` and `timeoutMs` cancel it; the helper then ends what the call started. */
  call(tool: string, input: unknown, options: { readonly signal?: AbortSignal | undefined; readonly timeoutMs: number }): Promise<CallResult> {
    const id = this.#nextId++;
    if (!this.#alive) return Promise.resolve(LOST);
    if (options.signal?.aborted === true) return Promise.resolve({ content: "Cancelled before it started.", isError: true });
    return new Promise((resolve) => {
      let grace: NodeJS.Timeout | undefined;
      const cancel = () => {
        this.#send({ kind: "cancel", id });
        grace ??= setTimeout(() => this.kill(), CANCEL_GRACE_MS);
      };
      const timer = setTimeout(cancel, options.timeoutMs);
      options.signal?.addEventListener("abort", cancel, { once: true });
      this.#pending.set(id, (result) => {
        clearTimeout(timer);
        clearTimeout(grace);
        options.signal?.removeEventListener("abort", cancel);
        resolve(result);
      });
      this.#send({ kind: "call", id, tool, input });
    });
  }

  kill(): void {
    this.#killed = true;
    this.#line = "";
    this.#child.kill("SIGKILL");
  }

  /** Asks the helper to end its commands and itself; forces it after five seconds. */
  async close(): Promise<void> {
    if (!this.#alive) return;
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), 5_000);
    await this.ended;
    clearTimeout(timer);
  }

  #send(request: HelperRequest): void {
    if (this.#alive) this.#child.write(`${JSON.stringify(request)}\n`);
  }

  #receive(chunk: Uint8Array): void {
    if (this.#killed) return;
    const lines = (this.#line + this.#decoder.write(Buffer.from(chunk))).split("\n");
    this.#line = lines.pop() ?? "";
    if (this.#line.length > REPLY_LIMIT_BYTES) return this.kill();
    for (const line of lines) this.#reply(line);
  }

  #reply(line: string): void {
    if (this.#killed) return;
    const reply = replySchema.safeParse(parseJson(line));
    // Something inside wrote to the helper's pipe: nothing it says can be believed any more.
    if (!reply.success) return this.kill();
    if (reply.data.kind === "ready") return this.#becameReady.resolve({ failed: null });
    const { id, content, isError, outcome } = reply.data;
    const settle = this.#pending.get(id);
    this.#pending.delete(id);
    settle?.({ content, isError, outcome });
  }

  #end(how: string): void {
    this.#alive = false;
    this.#becameReady.resolve({ failed: this.#stderr.trim() === "" ? how : this.#stderr });
    for (const settle of this.#pending.values()) settle(LOST);
    this.#pending.clear();
  }
}

const LOST: CallResult = {
  content: "The sandbox ended during this call (out of memory, or the command ended it) and starts anew with the next. Files are as they are on disk; read a file again before you edit it.",
  isError: true,
};

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
