import { lenientUtf8 } from "./file-text.ts";

/** Keeps the first `headBytes` and the last `tailBytes` of a stream, counts what lies between, and never grows beyond that. */
export class HeadTail {
  readonly #headBytes: number;
  readonly #tailBytes: number;
  #head: Uint8Array[] = [];
  #headLength = 0;
  #tail: Uint8Array[] = [];
  #tailLength = 0;
  #omitted = 0;

  constructor(limits: { readonly headBytes: number; readonly tailBytes: number }) {
    this.#headBytes = limits.headBytes;
    this.#tailBytes = limits.tailBytes;
  }

  push(chunk: Uint8Array): void {
    const headRoom = Math.min(chunk.length, this.#headBytes - this.#headLength);
    if (headRoom > 0) {
      this.#head.push(chunk.slice(0, headRoom));
      this.#headLength += headRoom;
    }
    const rest = chunk.subarray(headRoom);
    if (rest.length === 0) return;
    this.#tail.push(rest.slice(-this.#tailBytes));
    this.#tailLength += Math.min(rest.length, this.#tailBytes);
    this.#omitted += Math.max(0, rest.length - this.#tailBytes);
    // Joined only when twice too long, so that the cost of a byte stays constant.
    if (this.#tailLength > 2 * this.#tailBytes || this.#tail.length > 4_096) this.#trim();
  }

  #trim(): Uint8Array {
    const joined = Buffer.concat(this.#tail);
    const kept = joined.subarray(Math.max(0, joined.length - this.#tailBytes));
    this.#omitted += joined.length - kept.length;
    this.#tail = [kept];
    this.#tailLength = kept.length;
    return kept;
  }

  /** The text, with a line that counts the bytes left out; what is not UTF-8 becomes U+FFFD. */
  text(): string {
    const tail = this.#trim();
    const head = Buffer.concat(this.#head);
    if (this.#omitted === 0) return lenientUtf8(Buffer.concat([head, tail]));
    return `${lenientUtf8(head)}\n[${this.#omitted} bytes left out]\n${lenientUtf8(tail)}`;
  }
}
