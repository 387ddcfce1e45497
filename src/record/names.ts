/**
 * Names of work items, sessions, and the artifacts of a run: segments and reports. A segment's artifact name is the only thing the App reads of a run,
 * so it says where the run is: phase, step, cost so far and, on the last one, how it ended.
 */
import { z } from "zod";
import { endingCodeSchema, phaseSchema, type EndingCode, type Phase } from "./item-events.ts";

export const itemIdSchema = z.string().regex(/^(?:\d+\/(?:issue|pr)-\d+\/\d+|0\/local-[a-z0-9]{1,40}\/\d+)$/);

export interface ItemName {
  /** 0 for a local task, which belongs to no repository on GitHub. */
  readonly repositoryId: number;
  /** `issue-12`, `pr-7` or `local-...` */
  readonly subject: string;
  readonly attempt: number;
}

export const formatItemId = (item: ItemName): string => `${item.repositoryId}/${item.subject}/${item.attempt}`;

export function parseItemId(text: string): ItemName | null {
  if (!itemIdSchema.safeParse(text).success) return null;
  const [repositoryId = "", subject = "", attempt = ""] = text.split("/");
  return { repositoryId: Number(repositoryId), subject, attempt: Number(attempt) };
}

/** A question about an item's record, asked by a comment: it has a run of its own and no stream. */
export interface AskName {
  readonly repositoryId: number;
  /** Where it was asked, and where it is answered. */
  readonly issueNumber: number;
  readonly commentId: number;
}

export const askIdSchema = z.string().regex(/^\d{1,15}\/ask-\d{1,15}-\d{1,15}\/1$/);
export const formatAskId = ({ repositoryId, issueNumber, commentId }: AskName): string => `${repositoryId}/ask-${issueNumber}-${commentId}/1`;

/** Null for anything else, a work item's name included. */
export function parseAskId(text: string): AskName | null {
  if (!askIdSchema.safeParse(text).success) return null;
  const [repositoryId = "", subject = ""] = text.split("/");
  const [, issueNumber = "", commentId = ""] = subject.split("-");
  return { repositoryId: Number(repositoryId), issueNumber: Number(issueNumber), commentId: Number(commentId) };
}

export const itemStream = (itemId: string): string => `item/${itemId}`;
export const sessionStream = (sessionId: string): string => `session/${sessionId}`;

/** What of a session's id goes into a gate's name: the whole of a short one, else its end, which tells it from its siblings. */
const GATE_ID_CHARS = 48;

/**
 * Names a gate for people and tickets; at most as long as a step in a segment's name.
 * @param seq of its `gate_opened` in the session's stream: a gate that is opened again is another one
 */
export const gateName = (sessionId: string, seq: number): string => `gate-${seq}-${sessionId.slice(-GATE_ID_CHARS)}`;

export interface SegmentName {
  readonly item: ItemName;
  readonly runId: number;
  readonly runAttempt: number;
  /** Counts the segments of one run attempt from 1. */
  readonly index: number;
  readonly phase: Phase | "probe";
  readonly step: string;
  /** Cost of the work item so far, thousandths of a US dollar. */
  readonly costMilliUsd: number;
  readonly ending: EndingCode | null;
}

/** Characters of a step's id in a name; parseSegmentName takes no more. */
const STEP_CHARS = 64;

/** Artifact names may not hold `" : < > | * ? \ /` or line ends (platform fact P-artifact-name), so `.` separates. */
export function formatSegmentName(name: SegmentName): string {
  const { item } = name;
  const parts = [
    "worktrain",
    item.repositoryId,
    item.subject,
    item.attempt,
    `r${name.runId}`,
    `a${name.runAttempt}`,
    String(name.index).padStart(4, "0"),
    name.phase,
    // A routine's steps have a dot in their ids, and ids may be longer than the name's part.
    name.step.replaceAll(".", "-").slice(0, STEP_CHARS),
    `m${name.costMilliUsd}`,
  ];
  if (name.ending !== null) parts.push(name.ending);
  return parts.join(".");
}

export interface ReportName {
  readonly item: ItemName;
  readonly runId: number;
  readonly runAttempt: number;
  readonly job: "agent" | "deliver";
}

/** The page that a job leaves beside its segments. No segment is named like it: theirs begin with `worktrain.`. */
export const formatReportName = ({ item, runId, runAttempt, job }: ReportName): string => `worktrain-report.${item.repositoryId}.${item.subject}.${item.attempt}.r${runId}.a${runAttempt}.${job}.html`;

/** The change as a patch, and the preview of what would be published, among the artifacts of the deliver job's run. */
export const formatKeptName = ({ item, runId, what }: { readonly item: ItemName; readonly runId: number; readonly what: "patch" | "staged" }): string => `worktrain-${what}.${item.repositoryId}.${item.subject}.${item.attempt}.r${runId}.${what === "patch" ? "patch" : "md"}`;

const SEGMENT_NAME =
  /^worktrain\.(\d+)\.((?:issue|pr)-\d+|local-[a-z0-9]{1,40})\.(\d+)\.r(\d+)\.a(\d+)\.(\d{4})\.([a-z]+)\.([a-z0-9_-]{1,64})\.m(\d+)(?:\.([a-z-]+))?$/;

/** Reads a segment artifact's name; null for anything that is not exactly one of ours. */
export function parseSegmentName(text: string): SegmentName | null {
  const match = SEGMENT_NAME.exec(text);
  if (match === null) return null;
  const [, repositoryId, subject = "", attempt, runId, runAttempt, index, phaseText, step = "", cost, endingText] = match;
  const phase = phaseText === "probe" ? "probe" : phaseSchema.safeParse(phaseText).data;
  const ending = endingText === undefined ? null : endingCodeSchema.safeParse(endingText).data;
  if (phase === undefined || ending === undefined) return null;
  return {
    item: { repositoryId: Number(repositoryId), subject, attempt: Number(attempt) },
    runId: Number(runId),
    runAttempt: Number(runAttempt),
    index: Number(index),
    phase,
    step,
    costMilliUsd: Number(cost),
    ending,
  };
}
/** What our check run on a delivered or reviewed commit is called. */
export const CHECK_NAME = "WorkTrain";

/** What the App's check run is called that tells of work in progress, where the verdict is in one that another account made. It vouches for nothing. */
export const PROGRESS_CHECK_NAME = "WorkTrain progress";

/** Whether a check run's name is one of ours: it says nothing about a commit that we do not know. */
export const isOwnCheck = (name: string): boolean => name === CHECK_NAME || name === PROGRESS_CHECK_NAME;

