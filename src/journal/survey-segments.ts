/** Looking over saved segments, of which some may be damaged, missing or somebody else's. */
import { sha256Hex } from "../shared/hash.ts";
import type { Result } from "../shared/result.ts";
import { assembleSegments, type Assembled, type AssembleRefusal, type SegmentPart } from "./assemble-segments.ts";
import { newestChain } from "./newest-chain.ts";
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
  /** Of the newest whole chain; each has its hash. Null when there is none. */
  readonly getBlob: ((sha256: string) => Promise<Uint8Array | null>) | null;
}

interface Decoded extends NamedPart {
  readonly sha256: string;
  readonly segment: DecodedSegment;
}

/** All of them expanded: they are held in memory. */
const EXPANDED_LIMIT_BYTES = 1024 * 1024 * 1024;

/** Looks at every segment by itself, then at those that make the newest whole state, then at what the others are. */
export function surveySegments(parts: readonly NamedPart[]): SegmentsSurvey {
  const survey = createSurveyor();
  const { decoded, faults } = decodeAll(parts, survey);
  const by = new Map(decoded.map((each) => [each.sha256, each]));
  const linked = newestChain(decoded.map(asPart)).flatMap(({ digest }) => by.get(digest) ?? []);
  const foreign = linked.findIndex(({ segment }) => segment.item !== linked[0]?.segment.item);
  const chain = foreign === -1 ? linked : linked.slice(0, foreign);
  for (const { file, segment } of chain) for (const [index, line] of segment.readLines.entries()) survey.line({ file, line: index + 1 }, line);
  // Told after the lines: what the chain holds can be salvaged, whatever is wrong with segments beside or behind it.
  for (const fault of faults) survey.fault(fault);
  const joined = assembleSegments(linked.map(asPart));
  if (!joined.ok && joined.error.kind !== "log-broken" && decoded.length > 0 && linked.length > 0) survey.fault({ file: "the segments together", line: null, stream: null, reason: joined.error.message.replace(/\.$/, ""), fix: joined.error.fix });
  lookBeside(survey, decoded, linked, by);
  const blobs = new Map(chain.flatMap(({ segment }) => segment.blobs.map(({ sha256, bytes }) => [sha256, bytes] as const)));
  return { survey, getBlob: chain.length === 0 ? null : async (sha256) => blobs.get(sha256) ?? null };
}

/** One log of segments that are whole, in any order, those that a compaction repeats among them. */
export function joinSegments(parts: readonly NamedPart[]): Result<Assembled, AssembleRefusal> {
  const all = parts.map(({ bytes }) => ({ bytes, digest: sha256Hex(bytes) }));
  const joined = assembleSegments(all);
  return joined.ok || surveySegments(parts).survey.done().faultCount > 0 ? joined : assembleSegments(newestChain(all));
}

type BySha256 = ReadonlyMap<string, Decoded>;

/** Segments that are no part of the chain: repeated by a compaction, of a run that went another way, or not to be there at all. */
function lookBeside(survey: Surveyor, decoded: readonly Decoded[], chain: readonly Decoded[], by: BySha256): void {
  const [first] = chain;
  const repeated = first === undefined ? new Set<string>() : compactedBy(survey, first, by);
  const inChain = new Set(chain.map(({ sha256 }) => sha256));
  const beginnings = new Map<string, boolean>();
  for (const { file, sha256, segment } of decoded) {
    if (inChain.has(sha256) || repeated.has(sha256)) continue;
    const fault = (reason: string, fix: string): void => survey.fault({ file, line: null, stream: null, reason, fix });
    if (segment.item !== first?.segment.item && first !== undefined) fault(`it is of work item ${segment.item}, the others are of ${first.segment.item}`, "Use the segments of one work item only.");
    else if (segment.previous !== null && !by.has(segment.previous)) fault(`it goes on from segment ${segment.previous}, which is not there`, "Bring the missing segment, or go on from the newest one before the gap.");
    else if (!hasBeginning(by, sha256, beginnings)) continue; // Told at the gap before it.
    else if (chain.some((each) => each.segment.runId === segment.runId && each.segment.runAttempt === segment.runAttempt)) fault(`run ${segment.runId} went on from one place in two ways, and this is the other one`, "Two writers of one run, or a segment made by hand. They are never merged.");
    else survey.note(`${file} is of run ${segment.runId}, which went its own way; the newest state does not build on it.`);
  }
}

/** The segments that a compaction stands for, and whether it repeats their lines as they are. */
function compactedBy(survey: Surveyor, compaction: Decoded, by: BySha256): ReadonlySet<string> {
  const repeated = new Set<string>();
  for (let each: Decoded | undefined = compaction; each?.segment.compacts !== undefined; ) {
    const { compacts } = each.segment;
    const before = chainTo(by, compacts);
    const lines = before.flatMap(({ segment }) => segment.lines);
    const whole = before[0]?.segment.previous === null;
    const other = whole ? lines.findIndex((line, index) => line !== each?.segment.lines[index]) : -1;
    if (other !== -1) survey.fault({ file: each.file, line: other + 1, stream: null, reason: `it stands for ${before.length} earlier segments and says something else than they do`, fix: "One of them was written by hand. Go on from neither before it is known which." });
    for (const { sha256 } of before) repeated.add(sha256);
    if (whole && before.length > 0) survey.note(`${each.file} repeats the ${lines.length} lines of ${before.length} earlier segments.`);
    each = before[0];
  }
  return repeated;
}

/** A segment and those before it, as far as they are there, oldest first. */
function chainTo(by: BySha256, sha256: string): readonly Decoded[] {
  const chain: Decoded[] = [];
  for (let part = by.get(sha256); part !== undefined; part = part.segment.previous === null ? undefined : by.get(part.segment.previous)) chain.push(part);
  return chain.toReversed();
}

/** Whether all before a segment is there. @param known what was found of others */
function hasBeginning(by: BySha256, sha256: string, known: Map<string, boolean>): boolean {
  const walked: string[] = [];
  let found = false;
  let at: string | null = sha256;
  for (;;) {
    const part: Decoded | undefined = at === null ? undefined : by.get(at);
    const before: boolean | undefined = at === null ? true : part === undefined ? false : known.get(at);
    if (before !== undefined || part === undefined) {
      found = before ?? false;
      break;
    }
    walked.push(part.sha256);
    at = part.segment.previous;
  }
  for (const each of walked) known.set(each, found);
  return found;
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
