import type { SegmentPart } from "./assemble-segments.ts";
import { decodeSegment, type DecodedSegment } from "./segment.ts";

/** What decides which of several segments stands for the newer state. */
export type Age = Pick<DecodedSegment, "epoch" | "index" | "runId">;

/**
 * The newest first: a later epoch has seen what an earlier one saved. Two runs of one epoch began side by side and are never
 * merged; the one that saved more counts, then the later run.
 */
export const byAge = (a: Age, b: Age): number => b.epoch - a.epoch || b.index - a.index || b.runId - a.runId;

/**
 * Of all segments there are of an item, those that make its newest whole state, in chain order; a compaction makes those before it
 * needless. Parts that cannot be read are passed over: what comes out still has to be assembled, which checks it.
 */
export function newestChain(parts: readonly SegmentPart[]): readonly SegmentPart[] {
  const links = parts.flatMap((part) => {
    const segment = decodeSegment(part.bytes);
    return segment.ok ? [{ part, digest: part.digest.replace(/^sha256:/, ""), segment: segment.value }] : [];
  });
  const byDigest = new Map(links.map((link) => [link.digest, link]));
  for (const head of links.toSorted((a, b) => byAge(a.segment, b.segment))) {
    const chain = [head];
    for (let first = head; first.segment.previous !== null; ) {
      const before = byDigest.get(first.segment.previous);
      if (before === undefined) break;
      chain.unshift(before);
      first = before;
    }
    if (chain[0]?.segment.previous === null) return chain.map(({ part }) => part);
  }
  return [];
}
