import { hash } from "node:crypto";

/** Which content of each file the model has seen: what it has not seen, or not seen last, it must not overwrite. */
export class ReadLedger {
  readonly #seen = new Map<string, string>();

  /** The model has seen (or written) exactly these bytes at this real path. */
  note(realPath: string, bytes: Uint8Array): void {
    this.#seen.set(realPath, digest(bytes));
  }

  compare(realPath: string, bytes: Uint8Array): "unchanged" | "changed" | "never-read" {
    const seen = this.#seen.get(realPath);
    if (seen === undefined) return "never-read";
    return seen === digest(bytes) ? "unchanged" : "changed";
  }
}

const digest = (bytes: Uint8Array): string => hash("sha256", bytes, "hex");
