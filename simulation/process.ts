/**
 * A process of a simulated world: App, agent job, deliver job. It reaches the world through ports only, and can end at any call of
 * one: what it sent is on its way then, and it hears of nothing any more.
 */
import type { Clock } from "../src/shared/ports.ts";
import type { Schedule } from "./schedule.ts";

/** What a port of an ended process does. */
export class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";
}

/** An ended process that goes on calling ports is in an endless loop. */
const CALLS_AFTER_END = 100_000;

export interface ProcessOptions {
  readonly name: string;
  readonly schedule: Schedule;
  /** Milliseconds since 1970 when the world began. */
  readonly epochMs: number;
  /** By how much the wall clock is wrong. */
  readonly skewMs: number;
  /** The port call it ends at; null: none. */
  readonly endsAtCall: number | null;
  readonly onEnd: (name: string) => void;
}

export class SimProcess {
  readonly name: string;
  readonly clock: Clock;
  /** Resolves when the process was killed. */
  readonly ended: Promise<void>;
  #calls = 0;
  #alive = true;
  #resolveEnded: () => void = () => undefined;
  readonly #options: ProcessOptions;

  constructor(options: ProcessOptions) {
    const { schedule, epochMs, skewMs } = options;
    this.name = options.name;
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.clock = {
      nowMs: () => epochMs + skewMs + Math.floor(schedule.nowMs()),
      monotonicMs: () => schedule.nowMs(),
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Calls of ports so far. */
  get calls(): number {
    return this.#calls;
  }

  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#options.onEnd(this.name);
    this.#resolveEnded();
  }

  /** Counts a call of a port, at which the process may end. @throws ProcessEnded when it has */
  pass(): void {
    this.#calls += 1;
    if (this.#alive && this.#calls === this.#options.endsAtCall) this.kill();
    if (this.#alive) return;
    if (this.#calls > CALLS_AFTER_END) throw new Error(`${this.name} has ended and goes on for ever.`);
    throw new ProcessEnded(`${this.name} has ended.`);
  }

  /**
   * A call that takes time: `work` is done half-way, whatever becomes of the process meanwhile.
   * @param latencyMs from call to answer
   */
  async call<T>(latencyMs: number, work: () => T | Promise<T>): Promise<T> {
    this.pass();
    const { schedule } = this.#options;
    await new Promise<void>((resolve) => schedule.after(latencyMs / 2, resolve));
    // Caught here, since nobody hears of a failure when the process has ended.
    const done = await Promise.resolve()
      .then(work)
      .then((value) => ({ ok: true as const, value }), (error: unknown) => ({ ok: false as const, error }));
    await new Promise<void>((resolve) => schedule.after(latencyMs / 2, resolve));
    this.pass();
    if (!done.ok) throw done.error;
    return done.value;
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    // Not an error: a dead process's loops must stand still, not run on.
    if (!this.#alive) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      const takeBack = this.#options.schedule.after(ms, () => {
        signal?.removeEventListener("abort", aborted);
        if (this.#alive) resolve();
      });
      const aborted = (): void => {
        takeBack();
        if (this.#alive) reject(signal?.reason);
      };
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }
}
