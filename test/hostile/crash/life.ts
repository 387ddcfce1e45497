/** The life of one process: every call of a port goes through it, and at one of them it ends. */
import type { FileSystem } from "../../../src/shared/ports.ts";
import { MachineOff } from "../../fakes/file-system.ts";

/** What a call of a port gets when the process is dead. */
export class Died extends Error {}

/** Before the nth call of any port does anything, or after it has and before the process learns of it. */
export interface Moment {
  readonly call: number;
  readonly when: "before" | "after";
}

export class Life {
  calls = 0;
  #dead = false;
  readonly #moment: Moment | null;

  /** @param moment of its end; null: it lives as long as it wants */
  constructor(moment: Moment | null) {
    this.#moment = moment;
  }

  get over(): boolean {
    return this.#dead;
  }

  /** The port with every method's call counted, and lethal at its moment. */
  port<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name, receiver) => {
        const member: unknown = Reflect.get(target, name, receiver);
        return typeof member === "function" ? (...args: readonly unknown[]) => this.#call(() => Reflect.apply(member, target, args) as unknown) : member;
      },
    });
  }

  /** A file system, with the files that it opens. */
  fileSystem(fs: FileSystem): FileSystem {
    const counted = this.port(fs);
    return {
      ...counted,
      createExclusive: (path) => {
        const file = counted.createExclusive(path);
        return file === null ? null : this.port(file);
      },
    };
  }

  #call(apply: () => unknown): unknown {
    if (this.#dead) throw new Died();
    this.calls += 1;
    const lethal = this.#moment?.call === this.calls ? this.#moment.when : null;
    if (lethal === "before") this.#die();
    try {
      const result = apply();
      if (result instanceof Promise) return result.finally(() => lethal === "after" && this.#die());
      if (lethal === "after") this.#die();
      return result;
    } catch (error) {
      // The machine went off under it.
      if (error instanceof MachineOff) this.#dead = true;
      throw error;
    }
  }

  #die(): never {
    this.#dead = true;
    throw new Died();
  }
}
