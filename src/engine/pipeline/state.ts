import type { CommandRun, EndingCode, Phase, PipelineMode, PipelinePolicy, Reason, ReviewedBefore, SessionOutcome, SnapshotRef } from "../../record/index.ts";
import { gateName, type ItemEvent, type TakenArtifact, type Usage } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { keepsFiles, makesChange } from "./course.ts";

/** One session of the item: scheduled, and after it ended what it left. */
export interface ItemSession {
  readonly phase: Phase;
  readonly round: number;
  readonly sessionId: string;
  readonly workflowId: string;
  readonly goal: string;
  readonly context: JsonObject;
  readonly allowedTools?: readonly string[] | undefined;
  readonly why?: string | undefined;
  readonly slice?: SlicePlace | undefined;
  /** Of a slice's: the files it starts from, null for the base commit itself. Any other starts from the whole. */
  readonly from?: SnapshotRef | null;
  readonly result: SessionResult | null;
}

/** Which slice a session works on, or whose conflict it resolves, and in which wave. */
export type SlicePlace = NonNullable<Extract<ItemEvent, { kind: "session_scheduled" }>["data"]["slice"]>;
export type SliceIntegration = Extract<ItemEvent, { kind: "slice_integrated" }>["data"];
export type SliceConflict = Extract<ItemEvent, { kind: "slice_conflicted" }>["data"];

export interface SessionResult {
  readonly outcome: SessionOutcome;
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly artifacts: readonly { readonly contractRef: string; readonly value: Json }[];
  readonly head: { readonly seq: number; readonly hash: string };
  readonly turns: number;
  readonly usage: Usage;
  readonly costMicroUsd: number;
  readonly unansweredMicroUsd?: number | undefined;
  readonly tokens?: number | undefined;
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly workedMs?: number | undefined;
  readonly toolMs?: number | undefined;
  readonly snapshot: SnapshotRef | null;
  readonly changed?: ChangedFiles | undefined;
}

/** Files that differ from the base, and how many more than are named. */
export interface ChangedFiles {
  readonly paths: readonly string[];
  readonly more: number;
}

export interface ItemOpening {
  readonly itemId: string;
  readonly task: { readonly title: string; readonly body: string; readonly sha256: string };
  readonly base: { readonly ref: string; readonly sha: string };
  readonly maxReviewRounds: number;
  readonly workflowId?: string | undefined;
  readonly pipeline?: PipelinePolicy | undefined;
  readonly hostChecks?: true | undefined;
  readonly sameFindings?: "identity" | undefined;
  readonly plan?: true | undefined;
  /** Only a review of a pull request: the commit under review, and its files. */
  readonly review?: { readonly headSha: string; readonly snapshot: SnapshotRef; readonly since?: ReviewedBefore | undefined } | undefined;
}

/** What came of the repository's tests before the work. */
export interface BaseTested {
  readonly command: string | null;
  readonly result: CommandRun | null;
  readonly skipped: string | null;
}

/** What came of a finding's command on one state of the files. */
export interface FindingChecked {
  readonly round: number;
  readonly tree: string;
  readonly command: string;
  readonly result: CommandRun | null;
  readonly skipped: string | null;
}

export interface ItemEndingState {
  readonly outcome: "deliver" | "stopped" | "parked";
  readonly ending: EndingCode;
  readonly reason: Reason | null;
  readonly snapshot: SnapshotRef | null;
  readonly escalated?: true | undefined;
}

/** What a person is asked about. */
export type Question = "interpretation" | "decomposition" | "plan";

/** What a person said to a question about the item. */
export interface PersonsVerdict {
  readonly verdict: "approved" | "rejected";
  readonly by: string;
  readonly reason?: string | undefined;
}

export type IntakeCheck = Extract<ItemEvent, { kind: "intake_checked" }>["data"];

type FollowedUp = Extract<ItemEvent, { kind: "item_followed_up" }>["data"];

export interface FollowUp extends FollowedUp {
  /** The tree that was delivered. */
  readonly tree: string;
  /** How many sessions there were before it, looks back aside: those are in no retry's way. */
  readonly sessions: number;
  /** The last round before it: rounds of review are counted from there. */
  readonly round: number;
  /** The work builds on another commit than before it, so that what was known of the base is not known any more. */
  readonly moved: boolean;
}

export type MergeChecked = Extract<ItemEvent, { kind: "merge_checked" }>["data"];

/** State of a work item: the fold of its stream and nothing else (I3). */
export interface ItemState {
  readonly opening: ItemOpening | null;
  /** Which pipeline the item goes through; null until it is chosen, and for good in one that was opened before there were modes. */
  readonly mode: PipelineMode | null;
  readonly why: readonly string[];
  /** To how the task was understood. */
  readonly answer: PersonsVerdict | null;
  /** To how large work was proposed to be cut. */
  readonly decomposition: PersonsVerdict | null;
  /** To the plan, where one was asked for. */
  readonly plan: PersonsVerdict | null;
  /** What the host found, the newest of each moment. */
  readonly intake: Readonly<Record<IntakeCheck["at"], IntakeCheck | null>>;
  readonly baseTested: BaseTested | null;
  readonly checked: readonly FindingChecked[];
  readonly sessions: readonly ItemSession[];
  /** Deliveries that were worked on again, oldest first. */
  readonly followUps: readonly FollowUp[];
  /** Sessions that a person's retry took out of the way. */
  readonly setAside: readonly ItemSession[];
  /** The files as the last completed session that keeps them left them: only completed sessions change what is delivered (I7). */
  readonly snapshot: SnapshotRef | null;
  /** Slices that are part of those files, in the order in which they became so. */
  readonly integrated: readonly SliceIntegration[];
  readonly conflicts: readonly SliceConflict[];
  /** What was found of the conflict with a moved base, state by state. */
  readonly mergesChecked: readonly MergeChecked[];
  /** Of that snapshot; null where it was not recorded. */
  readonly changed: ChangedFiles | null;
  readonly ended: ItemEndingState | null;
  /** The files that were delivered last; null before that. */
  readonly delivered: Pick<ItemState, "snapshot" | "changed"> | null;
}

const initialItem: ItemState = { opening: null, mode: null, why: [], answer: null, decomposition: null, plan: null, intake: { opened: null, classified: null }, baseTested: null, checked: [], sessions: [], followUps: [], setAside: [], snapshot: null, integrated: [], conflicts: [], mergesChecked: [], changed: null, ended: null, delivered: null };

export const foldItem = (events: readonly ItemEvent[]): ItemState => events.reduce(evolveItem, initialItem);

/** Folds one event into the state; `foldItem([])` is where it begins. Events of the deliver job leave the pipeline's state as it is. */
export function evolveItem(state: ItemState, event: ItemEvent): ItemState {
  switch (event.kind) {
    case "item_opened":
      return state.opening === null ? { ...state, opening: event.data, snapshot: event.data.review?.snapshot ?? null } : state;
    case "mode_chosen":
      return { ...state, mode: event.data.mode ?? state.mode, why: event.data.why ?? [] };
    case "interpretation_answered":
      return { ...state, answer: event.data };
    case "base_tested":
      return { ...state, baseTested: event.data };
    case "finding_checked":
      return { ...state, checked: [...state.checked, event.data] };
    case "decomposition_answered":
      return { ...state, decomposition: event.data };
    case "plan_answered":
      return { ...state, plan: event.data };
    case "intake_checked":
      return checked(state, event.data);
    case "session_scheduled":
      return { ...state, sessions: [...state.sessions, { ...event.data, ...(event.data.slice === undefined ? {} : { from: startOf(state, event.data.slice) }), result: null }] };
    case "session_concluded":
      return concluded(state, event.data);
    case "slice_integrated":
      return { ...state, integrated: [...state.integrated, event.data], snapshot: event.data.snapshot, changed: event.data.changed ?? (event.data.how === "nothing" ? state.changed : null) };
    case "slice_conflicted":
      return { ...state, conflicts: [...state.conflicts, event.data] };
    case "item_retried":
      return goBack(state, event.data.sessionId);
    case "item_followed_up":
      return followedUp(state, event.data);
    case "merge_checked":
      return { ...state, mergesChecked: [...state.mergesChecked, event.data] };
    case "item_ended":
      return { ...state, ended: event.data, ...(event.data.outcome === "deliver" ? { delivered: { snapshot: event.data.snapshot, changed: state.changed } } : {}) };
    case "run_opened":
    case "proof_recorded":
    case "effect_confirmed":
    case "effect_declined":
    case "delivery_ended":
      return state;
    default:
      return unreachable(event);
  }
}

/** Only what was delivered is followed up: anything else has no commit to come after. What an earlier follow-up left undelivered is not part of it, the base that it was to be merged with neither. */
function followedUp(state: ItemState, data: FollowedUp): ItemState {
  const { ended, delivered, sessions, opening } = state;
  if (ended === null || delivered === null || delivered.snapshot === null || opening === null) return state;
  const base = data.onto?.base ?? { ...opening.base, sha: delivered.snapshot.base };
  const moved = base.sha !== opening.base.sha;
  const followUp = { ...data, tree: delivered.snapshot.tree, sessions: onTheWay(sessions).length, round: Math.max(0, ...sessions.map(({ round }) => round)), moved };
  return { ...state, ...startOfFollowUp(followUp, delivered), ...(moved ? { opening: { ...opening, base }, baseTested: null } : {}), followUps: [...state.followUps, followUp], ended: null };
}

/** The files that the answer begins with: what was delivered, or that merged with the moved base, marks of the conflict and all. */
const startOfFollowUp = ({ onto }: FollowUp, delivered: NonNullable<ItemState["delivered"]>): Pick<ItemState, "snapshot" | "changed"> => (onto === undefined ? delivered : { snapshot: onto.snapshot, changed: onto.changed ?? null });

/**
 * The item as if nothing had come from that session on. What is set aside still counts: for the budget, and for who has to merge. A
 * delivered item is not gone back on: its branch moved once for its decision (I2). Neither is what was delivered before a follow-up: the
 * furthest there is to go back to is the follow-up's beginning.
 *
 * @param sessionId null: nothing is set aside, and an end that was a stop is none
 */
function goBack(state: ItemState, sessionId: string | null): ItemState {
  if (state.ended?.outcome === "deliver") return state;
  // What looked back on an end that is none any more has no place in the way.
  const way = onTheWay(state.sessions);
  const lookedBack = state.sessions.filter(({ phase }) => phase === "retrospect");
  const named = sessionId === null ? -1 : way.findIndex((session) => session.sessionId === sessionId);
  if (named === -1) return { ...state, sessions: way, setAside: [...state.setAside, ...lookedBack], ended: null };
  const place = Math.max(named, state.followUps.at(-1)?.sessions ?? 0);
  const [kept, aside] = [way.slice(0, place), way.slice(place)];
  const has = (phase: Phase): boolean => kept.some((session) => session.phase === phase);
  const integrated = kept.some(({ slice }) => slice !== undefined) ? state.integrated : [];
  return {
    ...state,
    ...(has("classify") ? {} : { mode: null, why: [], answer: null, intake: { ...state.intake, classified: null } }),
    ...(has("decompose") ? {} : { decomposition: null }),
    // Another plan is another question.
    ...(aside.every(({ phase }) => makesChange(phase) || phase === "review" || phase === "audit") ? {} : { plan: null }),
    sessions: kept,
    setAside: [...state.setAside, ...aside, ...lookedBack],
    integrated,
    conflicts: integrated.length === 0 ? [] : state.conflicts,
    ...filesOf({ ...state, sessions: kept, integrated }),
    ended: null,
  };
}

/** The sessions that the pipeline goes by: a look back decides nothing. */
export const onTheWay = (sessions: readonly ItemSession[]): readonly ItemSession[] => sessions.filter(({ phase }) => phase !== "retrospect");

/** The files as the kept sessions left them: a session behind the last integration comes after it. Those before a follow-up are the delivery's. */
function filesOf({ opening, sessions: kept, integrated, followUps, delivered }: ItemState): Pick<ItemState, "snapshot" | "changed"> {
  const sessions = kept.slice(followUps.at(-1)?.sessions ?? 0);
  const lastSlice = sessions.findLastIndex(({ slice }) => slice !== undefined);
  const last = sessions.findLastIndex(({ phase, slice, result }) => slice === undefined && keepsFiles(phase) && result?.outcome === "completed" && result.snapshot !== null);
  const merged = integrated.at(-1);
  if (merged !== undefined && lastSlice > last) return { snapshot: merged.snapshot, changed: merged.changed ?? null };
  const result = sessions[last]?.result ?? null;
  if (result !== null) return { snapshot: result.snapshot, changed: result.changed ?? null };
  const followUp = followUps.at(-1);
  return (followUp === undefined || delivered === null ? null : startOfFollowUp(followUp, delivered)) ?? { snapshot: opening?.review?.snapshot ?? null, changed: null };
}

/** A conflict is resolved on the merge as far as it went; a slice starts from the whole as it is. */
const startOf = ({ conflicts, snapshot }: ItemState, place: SlicePlace): SnapshotRef | null =>
  (place.part === "merge" ? conflicts.findLast(({ sliceId }) => sliceId === place.id)?.snapshot : undefined) ?? snapshot;

/** The base moves only under an item that nothing was done for. */
function checked(state: ItemState, data: IntakeCheck): ItemState {
  const moved = data.base === undefined || state.opening === null || state.sessions.length > 0 ? {} : { opening: { ...state.opening, base: data.base } };
  return { ...state, ...moved, intake: { ...state.intake, [data.at]: data } };
}

type Conclusion = Extract<ItemEvent, { kind: "session_concluded" }>["data"];

function concluded(state: ItemState, data: Conclusion): ItemState {
  const { phase, sessionId, outcome, snapshot } = data;
  const sessions = state.sessions.map((session) => (session.sessionId === sessionId && session.result === null ? { ...session, result: data } : session));
  // What a slice left is not the whole: it becomes part of it by its integration.
  const ofSlice = sessions.find((session) => session.sessionId === sessionId)?.slice !== undefined;
  if (outcome !== "completed" || snapshot === null || !keepsFiles(phase) || ofSlice) return { ...state, sessions };
  return { ...state, sessions, snapshot, changed: data.changed ?? null };
}

/** Whether it was opened since there are modes. */
export const hasModes = ({ opening }: ItemState): boolean => opening?.pipeline !== undefined;

/** Whether a review found something blocking on the way, or a person set work aside: whatever became of it, a person has to merge what comes of the item. */
export const isEscalated = (state: Pick<ItemState, "sessions" | "setAside">): boolean => state.setAside.length > 0 || state.sessions.some(({ phase }) => phase === "audit");

/**
 * Names a question about the item, for people and tickets: whether it was understood is asked once a mode is chosen, whether it is to be
 * cut once that was proposed, and its plan after the last session before anything is made. @param events all of the item's, from the first
 */
export function questionGate(about: Question, events: readonly ItemEvent[]): string {
  const asked = (event: ItemEvent): boolean => (about === "interpretation" ? event.kind === "mode_chosen" : event.kind === "session_concluded" && (about === "plan" || event.data.phase === "decompose"));
  return gateName(about, events.findLastIndex(asked) + 1);
}

/** Files of the base commit that stand in the place of what a session would have made. */
export const takenBy = ({ intake }: Pick<ItemState, "intake">): readonly TakenArtifact[] => intake.opened?.taken ?? [];

/** The newest artifact of a kind that a session left; null if it left none. */
export function artifactOf(session: ItemSession, contractRef: string): Json | null {
  return session.result?.artifacts.findLast((artifact) => artifact.contractRef === contractRef)?.value ?? null;
}
