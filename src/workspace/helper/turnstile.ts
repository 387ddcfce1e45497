import { ToolFailure } from "./tool.ts";

/** Lets any number of shared passes through at once, or one exclusive, in the order they came. */
export class Turnstile {
  #lastExclusive: Promise<void> = Promise.resolve();
  readonly #shared = new Set<Promise<void>>();

  async pass<T>(exclusive: boolean, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    const before = exclusive ? [this.#lastExclusive, ...this.#shared] : [this.#lastExclusive];
    const { promise: left, resolve: leave } = Promise.withResolvers<void>();
    if (exclusive) this.#lastExclusive = left;
    else this.#shared.add(left);
    try {
      await Promise.all(before);
      if (signal.aborted) throw new ToolFailure("Cancelled before it started.");
      return await run();
    } finally {
      this.#shared.delete(left);
      leave();
    }
  }
}
