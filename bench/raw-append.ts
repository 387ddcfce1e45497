/**
 * The floor of everything durable: one write and one sync of given bytes, in a file opened as the journal opens its own
 * (`O_APPEND`, exclusive). Synced by fdatasync, as the journal: it makes appended bytes and the size needed to read them
 * durable (POSIX).
 *
 * What is measured and its floor take turns of ten, the floor with the very bytes that were just written: disk noise hits both
 * alike, and each comes in a row with its own kind, as outside a bench, so that neither runs on caches the other one filled.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";

/** Appends in one turn. */
export const TURN = 10;

export interface RawAppend {
  /** Microseconds one append took, on average over the turn. */
  turn(parts: readonly Uint8Array[]): number;
  close(): void;
}

export function openRawAppend(path: string): RawAppend {
  const file = openSync(path, "ax");
  return {
    turn(parts) {
      let took = 0;
      for (const bytes of parts) {
        const started = performance.now();
        writeSync(file, bytes);
        fdatasyncSync(file);
        took += performance.now() - started;
      }
      return (took * 1000) / parts.length;
    },
    close: () => closeSync(file),
  };
}
