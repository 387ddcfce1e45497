/** Decides a work item's log again: what the pipeline did next at each place, and what each session came to. */
import { evolveItem, foldItem, isEscalated, keepsFiles, lookBack, next, retriedFrom, type ItemAction, type ItemState } from "../engine/pipeline/index.ts";
import { artifactsOf, conclusionOf, evolve, initialState, type SessionState } from "../engine/session/index.ts";
import type { ItemEvent, Recorded, SessionEvent, SnapshotRef } from "../record/index.ts";
import { revealHidden } from "../shared/hidden.ts";
import { unreachable } from "../shared/unreachable.ts";
import type { ItemJournal } from "./item-journal.ts";
import { addUsage, NO_USAGE } from "./money.ts";
import { counted, difference, type Difference, type Replayed } from "./replay.ts";
import { isEngineEvent } from "./replay-session.ts";

const REASONS: ReadonlyMap<ItemEvent["kind"], string> = new Map([
  ["item_opened", "the task and its base come from outside"],
  ["run_opened", "where and when a run starts comes from outside"],
  ["interpretation_answered", "what a person says comes from outside"],
  ["item_followed_up", "what is said of a delivery comes from outside"],
  ["plan_answered", "what a person says comes from outside"],
  ["decomposition_answered", "what a person says comes from outside"],
  ["intake_checked", "what else is at the work, and what is there, is seen outside"],
  ["proof_recorded", "`worktrain verify` of the pull request makes it again"],
  ["effect_confirmed", "GitHub's answer comes from outside"],
  ["effect_declined", "GitHub's answer comes from outside"],
  ["base_tested", "what a command comes to is not decided"],
  ["merge_checked", "what stands in the files is looked at outside"],
  ["delivery_ended", "it depends on what GitHub showed to the deliver job at that time"],
]);

type Scheduled = Extract<ItemEvent, { kind: "session_scheduled" }>["data"];
type Concluded = Extract<ItemEvent, { kind: "session_concluded" }>["data"];

export function replayItem({ item, sessions }: ItemJournal): Replayed {
  const differences: Difference[] = [];
  let recomputed = 0;
  let state = foldItem([]);
  for (const [index, event] of item.entries()) {
    const expected = expectedOf(event, { before: state, after: item[index + 1], sessions });
    state = evolveItem(state, event);
    if (expected === null) continue;
    recomputed += 1;
    const differs = difference(event, expected);
    if (differs !== null) differences.push(differs);
  }
  const outside = counted(item, REASONS);
  const ids = item.filter(({ kind }) => kind === "session_scheduled").length;
  return { recomputed, differences, notRecomputable: ids === 0 ? outside : [...outside, { what: "ids of sessions", count: ids, reason: "they hold random bytes" }] };
}

/** After the end: who looks back. */
function nextOf(before: ItemState): ItemAction {
  if (before.ended === null) return next(before);
  const begun = before.sessions.find(({ phase, result }) => phase === "retrospect" && result === null);
  return begun === undefined ? (lookBack(before) ?? { kind: "ended" }) : { kind: "resume-session", session: begun };
}

/** Null for what the pipeline does not decide. */
function expectedOf(event: Recorded<ItemEvent>, { before, after, sessions }: Pick<ItemJournal, "sessions"> & { readonly before: ItemState; readonly after: ItemEvent | undefined }): Difference["expected"] | null {
  switch (event.kind) {
    case "item_opened":
    case "run_opened":
    case "interpretation_answered":
    case "item_followed_up":
    case "decomposition_answered":
    case "plan_answered":
    case "intake_checked":
    case "proof_recorded":
    case "effect_confirmed":
    case "effect_declined":
    case "delivery_ended":
      return null;
    // That a person asks, and for which phase, comes from outside; from where it goes on is decided.
    case "item_retried":
      return { kind: event.kind, data: { ...event.data, sessionId: retriedFrom(before, event.data, after) } };
    case "mode_chosen":
    case "session_scheduled":
    case "item_ended":
      return decided(nextOf(before), before, event.kind === "session_scheduled" ? event.data : null);
    case "base_tested":
      return next(before).kind === "test-base" ? { kind: event.kind, data: event.data } : decided(next(before), before, null);
    case "finding_checked": {
      const action = next(before);
      if (action.kind !== "check-finding") return decided(action, before, null);
      const { round, command, snapshot } = action;
      return { kind: event.kind, data: { ...event.data, round, command, tree: snapshot.tree } };
    }
    case "merge_checked": {
      const action = next(before);
      return action.kind === "check-merge" ? { kind: event.kind, data: { ...event.data, tree: action.snapshot.tree } } : decided(action, before, null);
    }
    case "session_concluded": {
      const action = nextOf(before);
      const session = action.kind === "resume-session" ? action.session : action.kind === "resume-slices" ? action.sessions.find((each) => each.sessionId === event.data.sessionId) : undefined;
      if (session === undefined) return decided(action, before, null);
      const { phase, round, sessionId } = session;
      return { kind: "session_concluded", data: { ...event.data, phase, round, sessionId, ...concludedBy(event.data, sessions.get(sessionId)) } };
    }
    case "slice_integrated":
    case "slice_conflicted": {
      // Which slice, and what is merged, is decided; how git brings it together comes from outside.
      const action = next(before);
      if (action.kind !== "integrate-slice") return decided(action, before, null);
      const { sliceId, sessionId, base, ours, theirs } = action;
      return { kind: event.kind, data: { ...event.data, sliceId, sessionId, base, ours, theirs } };
    }
    default:
      return unreachable(event);
  }
}

/** @param found what was scheduled, for what comes from outside: the id, the repository's commands and the description of the files */
function decided(action: ItemAction, state: ItemState, found: Scheduled | null): Difference["expected"] {
  switch (action.kind) {
    case "run-session": {
      const { phase, round, workflowId, allowedTools, why, slice } = action;
      const { title = "", body = "" } = state.opening?.task ?? {};
      const { commands, change } = found?.context ?? {};
      const outside = { ...(commands === undefined ? {} : { commands }), ...(change === undefined ? {} : { change }) };
      return { kind: "session_scheduled", data: { phase, round, sessionId: found?.sessionId ?? "", workflowId, goal: revealHidden(`${title}\n\n${body}\n`), context: { ...action.context, ...outside }, ...(allowedTools === undefined ? {} : { allowedTools: [...allowedTools] }), ...(why === undefined ? {} : { why }), ...(slice === undefined ? {} : { slice }) } };
    }
    case "choose-mode":
      return { kind: "mode_chosen", data: { mode: action.mode, why: [...action.why] } };
    case "test-base":
      return { refused: "The host runs the repository's tests on the base first." };
    case "check-finding":
      return { refused: `The host runs a finding's command first: ${action.command}` };
    case "check-merge":
      return { refused: "The host looks for marks of the conflict first." };
    case "ask":
      return { refused: `A person has to answer first: ${action.question}` };
    case "look":
      return { refused: action.missing.length > 0 ? "It waits for what is missing, and looks again." : "The host has to look around first." };
    case "deliver":
      return { kind: "item_ended", data: { outcome: "deliver", ending: "ready", reason: null, snapshot: action.snapshot, ...escalation(state) } };
    case "stop":
      return { kind: "item_ended", data: { outcome: "stopped", ending: action.ending, reason: action.reason, snapshot: null, ...escalation(state) } };
    case "resume-session":
      return { refused: `The session ${action.session.sessionId} goes on here: it has not been concluded.` };
    case "resume-slices":
      return { refused: `The slices ${action.sessions.map(({ slice }) => slice?.id ?? "").join(", ")} go on here: they have not been concluded.` };
    case "integrate-slice":
      return { refused: `Slice ${action.sliceId} is to be merged here.` };
    case "ended":
      return { refused: "Nothing: the item has ended." };
    default:
      return unreachable(action);
  }
}

const escalation = (state: ItemState) => (isEscalated(state) ? { escalated: true as const } : {});

/** What the session's own stream says of its end, up to where the conclusion says that it stood. */
function concludedBy({ head, phase }: Concluded, stream: readonly Recorded<SessionEvent>[] | undefined): Partial<Concluded> {
  const events = (stream ?? []).filter(({ seq }) => seq <= head.seq);
  const state = events.filter(isEngineEvent).reduce<SessionState>(evolve, initialState);
  const usage = events.reduce((sum, event) => (event.kind === "turn_completed" ? addUsage(sum, event.data.usage) : sum), NO_USAGE);
  return { ...conclusionOf(state), artifacts: artifactsOf(state), usage, snapshot: keepsFiles(phase) ? lastSnapshot(events) : null };
}

function lastSnapshot(events: readonly Recorded<SessionEvent>[]): SnapshotRef | null {
  const saved = events.findLast((event) => event.kind === "workspace_saved");
  return saved?.kind === "workspace_saved" ? saved.data : null;
}
