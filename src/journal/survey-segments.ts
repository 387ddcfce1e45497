/** Looking over saved segments, of which some may be damaged, missing or somebody else's. */
import { sha256Hex } from "../shared/hash.ts";
import { assembleSegments, type Assembled, type SegmentPart } from "./assemble-segments.ts";
import { decodeSegment, SEGMENT_LIMITS, type DecodedSegment } from "./segment.ts";
import { createSurveyor, type LogFault, type Surveyor } from "./survey.ts";

/** A segment's bytes and what it is called. */
export interface NamedPart {
  readonly file: string;
  readonly bytes: Uint8Array;
  /** SHA-256 as its store states it; null where nobody does. */
  readonly digest: string | null;
}

export interface SegmentsSurvey {
  readonly survey: Surveyor;
  /** Of the longest chain; each has its hash. Null when there is none. */
  readonly getBlob: ((sha256: string) => Promise<Uint8Array | null>) | null;
}

interface Decoded extends NamedPart {
  readonly sha256: string;
  readonly segment: DecodedSegment;
}

/** All of them expanded: they are held in memory. */
const EXPANDED_LIMIT_BYTES = 1024 * 1024 * 1024;

/** Looks at every segment by itself, then joins those that make the longest chain from the beginning. */
export function surveySegments(parts: readonly NamedPart[]): SegmentsSurvey {
  const survey = createSurveyor();
  const { decoded, faults } = decodeAll(parts, survey);
  const joined = assembleSegments(decoded.map(asPart));
  const chain = joined.ok ? chainOf(decoded, joined.value) : longestChain(decoded);
  for (const { file, segment } of chain) for (const [index, line] of segment.readLines.entries()) survey.line({ file, line: index + 1 }, line);
  // Told after the lines: what the chain holds can be salvaged, whatever is wrong with segments beside or behind it.
  for (const fault of faults) survey.fault(fault);
  if (!joined.ok && joined.error.kind !== "log-broken" && decoded.length > 0) survey.fault({ file: "the segments together", line: null, stream: null, reason: joined.error.message, fix: joined.error.fix });
  const blobs = new Map(chain.flatMap(({ segment }) => segment.blobs.map(({ sha256, bytes }) => [sha256, bytes] as const)));
  return { survey, getBlob: chain.length === 0 ? null : async (sha256) => blobs.get(sha256) ?? null };
}

function decodeAll(parts: readonly NamedPart[], survey: Surveyor): { readonly decoded: readonly Decoded[]; readonly faults: readonly LogFault[] } {
  const decoded = new Map<string, Decoded>();
  const faults: LogFault[] = [];
  let room = EXPANDED_LIMIT_BYTES;
  const refuse = ({ file }: NamedPart, reason: string, fix: string): void => void faults.push({ file, line: null, stream: null, reason, fix });
  for (const part of parts) {
    const sha256 = sha256Hex(part.bytes);
    const twin = decoded.get(sha256);
    if (part.digest !== null && part.digest !== sha256) refuse(part, `its SHA-256 is ${sha256}, not ${part.digest} as its store states`, "Download it again. If it stays so, it was tampered with: nothing of it is used.");
    else if (twin !== undefined) survey.note(`${part.file} holds the same as ${twin.file}; it counts once.`);
    else {
      const segment = decodeSegment(part.bytes, { ...SEGMENT_LIMITS, expandedBytes: Math.max(1, Math.min(SEGMENT_LIMITS.expandedBytes, room)) });
      if (segment.ok) {
        room -= segment.value.expandedBytes;
        decoded.set(sha256, { ...part, sha256, segment: segment.value });
      } else refuse(part, segment.error.message.replace(/\.$/, ""), segment.error.fix);
    }
  }
  return { decoded: [...decoded.values()], faults };
}

const asPart = ({ bytes, sha256 }: Decoded): SegmentPart => ({ bytes, digest: sha256 });

const bySha256 = (decoded: readonly Decoded[]): ReadonlyMap<string, Decoded> => new Map(decoded.map((each) => [each.sha256, each]));

function chainOf(decoded: readonly Decoded[], { digests }: Assembled): readonly Decoded[] {
  const by = bySha256(decoded);
  return digests.flatMap((digest) => by.get(digest) ?? []);
}

const linesOf = (chain: readonly Decoded[]): number => chain.reduce((sum, { segment }) => sum + segment.lines.length, 0);

/** Of all chains back to a segment that goes on from nothing the one with the most lines; nothing else is said of it. */
function longestChain(decoded: readonly Decoded[]): readonly Decoded[] {
  const by = bySha256(decoded);
  const builtOn = new Set(decoded.map(({ segment }) => segment.previous));
  let best: readonly Decoded[] = [];
  for (const tip of decoded.filter(({ sha256 }) => !builtOn.has(sha256))) {
    const chain: Decoded[] = [];
    for (let part: Decoded | undefined = tip; part !== undefined; part = part.segment.previous === null ? undefined : by.get(part.segment.previous)) chain.unshift(part);
    const [first] = chain;
    if (first?.segment.previous !== null) continue;
    const foreign = chain.findIndex(({ segment }) => segment.item !== first.segment.item);
    const own = foreign === -1 ? chain : chain.slice(0, foreign);
    if (linesOf(own) > linesOf(best)) best = own;
  }
  return best;
}
