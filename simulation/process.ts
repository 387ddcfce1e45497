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
  /** The port call its machine stands still at, and for how long. */
  readonly freeze: { readonly atCall: number; readonly forMs: number } | null;
  readonly onEnd: (name: string) => void;
}

export class SimProcess {
  readonly name: string;
  readonly clock: Clock;
  /** Resolves when the process was killed. */
  readonly ended: Promise<void>;
  /** Resolves when its machine stands still. */
  readonly frozen: Promise<void>;
  /** Its calls of ports at which the world differs from what it was at the call before: where it ends between two of them is all one. */
  readonly places: number[] = [];
  #calls = 0;
  #ranAtCall = -1;
  /** Whether its last call may have changed something. */
  #changed = false;
  #alive = true;
  #resolveEnded: () => void = () => undefined;
  #resolveFrozen: () => void = () => undefined;
  #frozenUntilMs = 0;
  readonly #options: ProcessOptions;

  constructor(options: ProcessOptions) {
    const { schedule, epochMs, skewMs } = options;
    this.name = options.name;
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.frozen = new Promise((resolve) => (this.#resolveFrozen = resolve));
    this.clock = {
      nowMs: () => epochMs + skewMs + Math.floor(schedule.nowMs()),
      monotonicMs: () => schedule.nowMs(),
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Whether its machine stands still. */
  get standsStill(): boolean {
    return this.#options.schedule.nowMs() < this.#frozenUntilMs;
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
  pass({ changes }: { readonly changes: boolean } = { changes: true }): void {
    this.#calls += 1;
    const ran = this.#options.schedule.ran();
    if (this.#changed || ran !== this.#ranAtCall) this.places.push(this.#calls);
    this.#ranAtCall = ran;
    this.#changed = changes;
    if (this.#alive && this.#calls === this.#options.endsAtCall) this.kill();
    const { freeze, schedule } = this.#options;
    if (this.#alive && freeze !== null && this.#calls === freeze.atCall) {
      this.#frozenUntilMs = schedule.nowMs() + freeze.forMs;
      this.#resolveFrozen();
    }
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
    await this.#after(latencyMs / 2);
    // Caught here, since nobody hears of a failure when the process has ended.
    const done = await Promise.resolve()
      .then(work)
      .then((value) => ({ ok: true as const, value }), (error: unknown) => ({ ok: false as const, error }));
    await this.#after(latencyMs / 2);
    this.pass({ changes: false });
    if (!done.ok) throw done.error;
    return done.value;
  }

  /** Nothing of a machine that stands still goes on before it does. */
  async #after(ms: number): Promise<void> {
    const { schedule } = this.#options;
    await new Promise<void>((resolve) => schedule.after(ms, resolve));
    while (schedule.nowMs() < this.#frozenUntilMs) await new Promise<void>((resolve) => schedule.after(this.#frozenUntilMs - schedule.nowMs(), resolve));
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    // Not an error: a dead process's loops must stand still, not run on.
    if (!this.#alive) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      const { schedule } = this.#options;
      let takeBack = (): void => undefined;
      const wake = (): void => {
        if (schedule.nowMs() < this.#frozenUntilMs) {
          takeBack = schedule.after(this.#frozenUntilMs - schedule.nowMs(), wake);
          return;
        }
        signal?.removeEventListener("abort", aborted);
        if (this.#alive) resolve();
      };
      const aborted = (): void => {
        takeBack();
        if (this.#alive) reject(signal?.reason);
      };
      takeBack = schedule.after(ms, wake);
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }
}
