/** A work item as its record tells it: what the pull request, the check run, the CLI and the demo show. */
import { CONTRACT, foldItem, isEscalated, type ItemSession, type ItemState, type Question } from "../engine/pipeline/index.ts";
import type { Duplicate, ItemEvent, Phase, PipelineMode, RequiredArtifact, TakenArtifact, Usage } from "../record/index.ts";
import { classificationSchema, codingHandoffSchema, type Classification, type CodingHandoff } from "../workflow/index.ts";
import { broughtTo, type BroughtView } from "./accounts.ts";
import { findingsOf, type FindingView } from "./findings.ts";
import { helperNames, type HelperName } from "./helper-names.ts";
import type { ItemJournal } from "./item-journal.ts";
import { addUsage, NO_USAGE } from "./money.ts";
import { slicesOf, type SliceView } from "./slices.ts";
import { lastArtifact, sessionView, type ItemSessionView, type SessionView } from "./session-view.ts";

export type RunView = Pick<Extract<ItemEvent, { kind: "run_opened" }>["data"], "host" | "runId" | "runAttempt" | "key" | "sandbox" | "runner" | "restored" | "estimate">;
export type EffectView = Extract<ItemEvent, { kind: "effect_confirmed" }>["data"];
export type DeliveryView = Extract<ItemEvent, { kind: "delivery_ended" }>["data"];

export interface IntakeView {
  readonly taken: readonly Omit<TakenArtifact, "text">[];
  readonly passedOver: readonly { readonly path: string; readonly why: string }[];
  /** What has the work already. */
  readonly duplicates: readonly Duplicate[];
  /** What the item waits for. */
  readonly missing: readonly RequiredArtifact[];
}

export interface HelperView extends SessionView, HelperName {}

export const NO_INTAKE: IntakeView = { taken: [], passedOver: [], duplicates: [], missing: [] };

export interface ItemView {
  readonly itemId: string;
  readonly opening: ItemState["opening"];
  readonly classification: Classification | null;
  /** What the last completed coding or fixing session says of its change. */
  readonly handoff: CodingHandoff | null;
  readonly runs: readonly RunView[];
  readonly sessions: readonly ItemSessionView[];
  /** Sessions that worked for those: children of parallel steps, auditors, spawned agents. */
  readonly helpers: readonly HelperView[];
  /** Deliveries that were worked on again since. */
  readonly followUps: ItemState["followUps"];
  /** Sessions that a person's retry took out of the way; their cost counts. */
  readonly setAside: readonly ItemSessionView[];
  readonly findings: readonly FindingView[];
  /** What reviewers brought by themselves, and what the verdict made of it. */
  readonly brought: readonly BroughtView[];
  /** The repository's tests before the work; null where they were not looked at. */
  readonly baseTested: ItemState["baseTested"];
  /** Commands of findings that the host ran, each on the files it names. */
  readonly checked: ItemState["checked"];
  readonly reviewRounds: number;
  /** Which pipeline it went through and why; null when it had none to choose from. */
  readonly mode: { readonly mode: PipelineMode; readonly why: readonly string[] } | null;
  /** Null for a change that was made in one piece. */
  readonly slices: readonly SliceView[] | null;
  /** What a person said to how the task was understood; null while nobody was asked or has answered. */
  readonly answer: ItemState["answer"];
  /** Everything that people said to the item's own questions, in the order they are asked. */
  readonly answers: readonly (NonNullable<ItemState["answer"]> & { readonly about: Question })[];
  /** What was found before there was work, without the texts that were taken. */
  readonly intake: IntakeView;
  /** A review found something blocking on the way: a person has to merge what came of it. */
  readonly escalated: boolean;
  readonly snapshot: ItemState["snapshot"];
  readonly ended: ItemState["ended"];
  readonly effects: readonly EffectView[];
  readonly delivery: DeliveryView | null;
  readonly turns: number;
  readonly usage: Usage;
  readonly costMicroUsd: number;
  /** What the item was expected to cost before its first session; null where that was not said. */
  readonly estimate: NonNullable<RunView["estimate"]> | null;
}

export function itemView(journal: ItemJournal): ItemView {
  const state = foldItem(journal.item);
  const sessions = state.sessions.map((session) => inItsSlot(session, journal));
  const setAside = state.setAside.map((session) => inItsSlot(session, journal));
  const scheduled = new Set([...state.setAside, ...state.sessions].map((session) => session.sessionId));
  const names = helperNames(journal.sessions);
  const helpers = [...journal.sessions].flatMap(([id, events]) => (scheduled.has(id) ? [] : [{ ...sessionView(id, events), ...(names.get(id) ?? { name: "session", brief: "" }) }]));
  const all = [...setAside, ...sessions, ...helpers];
  const completed = (...phases: readonly Phase[]) => sessions.findLast((session) => phases.includes(session.phase) && session.outcome === "completed");
  return {
    itemId: journal.itemId,
    opening: state.opening,
    classification: classificationSchema.safeParse(artifact(completed("classify"), CONTRACT.classification)).data ?? null,
    handoff: codingHandoffSchema.safeParse(artifact(completed("code", "fix"), CONTRACT.codingHandoff)).data ?? null,
    runs: journal.item.flatMap((event) => (event.kind === "run_opened" ? [event.data] : [])),
    sessions,
    helpers,
    followUps: state.followUps,
    setAside,
    findings: findingsOf(sessions, state),
    brought: broughtTo(sessions, journal.sessions, names),
    baseTested: state.baseTested,
    checked: state.checked,
    reviewRounds: sessions.filter((session) => session.phase === "review" && session.outcome === "completed").length,
    mode: state.mode === null ? null : { mode: state.mode, why: state.why },
    slices: slicesOf(state),
    answer: state.answer,
    answers: (["interpretation", "plan", "decomposition"] as const).flatMap((about) => {
      const said = about === "interpretation" ? state.answer : state[about];
      return said === null ? [] : [{ ...said, about }];
    }),
    intake: intakeView(state),
    escalated: isEscalated(state),
    snapshot: state.snapshot,
    ended: state.ended,
    effects: journal.item.flatMap((event) => (event.kind === "effect_confirmed" ? [event.data] : [])),
    delivery: journal.item.flatMap((event) => (event.kind === "delivery_ended" ? [event.data] : [])).at(-1) ?? null,
    turns: all.reduce((sum, session) => sum + session.turns, 0),
    usage: all.reduce((sum, session) => addUsage(sum, session.usage), NO_USAGE),
    costMicroUsd: all.reduce((sum, session) => sum + session.costMicroUsd, 0),
    estimate: journal.item.flatMap((event) => (event.kind === "run_opened" ? (event.data.estimate ?? []) : []))[0] ?? null,
  };
}

function intakeView({ intake: { opened, classified } }: ItemState): IntakeView {
  if (opened === null) return NO_INTAKE;
  const { taken, passedOver, duplicates, missing } = opened;
  return { taken: taken.map(({ path, as, sha256, sizeBytes }) => ({ path, as, sha256, sizeBytes })), passedOver, duplicates: [...duplicates, ...(classified?.duplicates ?? [])], missing };
}

function inItsSlot(session: ItemSession, journal: ItemJournal): ItemSessionView {
  const view = sessionView(session.sessionId, journal.sessions.get(session.sessionId) ?? []);
  return { ...view, phase: session.phase, round: session.round, slice: session.slice ?? null, why: session.why ?? null, concluded: session.result !== null };
}

const artifact = (session: SessionView | undefined, contractRef: string) => (session === undefined ? undefined : lastArtifact(session, contractRef));
