import type { Happening } from "./happening.ts";
import type { State } from "./state.ts";

/**
 * Holds the one state. Changes are applied whole and in order; what happened is told to observers afterwards, in order too,
 * even when an observer causes the next change.
 */
export class Machine {
  #state: State;
  #queue: readonly Happening[] = [];
  #telling = false;
  #tail: Promise<unknown> = Promise.resolve();
  readonly #observers: ((happening: Happening) => void)[] = [];

  constructor(state: State) {
    this.#state = state;
  }

  get state(): State {
    return this.#state;
  }

  /** Observers run synchronously, in the order they were added, and must not throw. */
  observe(observer: (happening: Happening) => void): void {
    this.#observers.push(observer);
  }

  /** Replaces the state by one that was made from it. */
  commit(next: State): void {
    this.#queue = [...this.#queue, ...next.history.slice(this.#state.history.length)];
    this.#state = next;
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
        this.#queue = this.#queue.slice(1);
        for (const observer of this.#observers) observer(first);
      }
    } finally {
      this.#telling = false;
    }
  }

  /** Runs tasks that ask git and then change the state one after the other, so that refs and state move together. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(task);
    this.#tail = done.catch(() => undefined); // the caller of `task` gets its failure; the next one starts anyway
    return done;
  }
}
