import { sha256Hex } from "../../shared/hash.ts";
import { NameTakenError, type SegmentRef, type SegmentStore } from "../segment-store.ts";

export interface MemorySegmentStore extends SegmentStore {
  find(name: string): Promise<SegmentRef | null>;
  /** Every stored segment in the order it came. */
  stored(): readonly (SegmentRef & { readonly bytes: Uint8Array })[];
}

/** Segments of one run in memory. Its guarantee: none beyond the process. */
export function createMemorySegmentStore({ runId }: { readonly runId: number }): MemorySegmentStore {
  const segments: (SegmentRef & { readonly bytes: Uint8Array })[] = [];
  const refOf = ({ id, name, digest }: SegmentRef): SegmentRef => ({ id, runId, name, digest });
  return {
    async put(name, bytes) {
      if (segments.some((segment) => segment.name === name)) throw new NameTakenError(`A segment named ${name} is stored already.`);
      const segment = { id: segments.length + 1, runId, name, digest: sha256Hex(bytes), bytes: bytes.slice() };
      segments.push(segment);
      return refOf(segment);
    },
    async find(name) {
      const segment = segments.find((each) => each.name === name);
      return segment === undefined ? null : refOf(segment);
    },
    stored: () => [...segments],
  };
}
