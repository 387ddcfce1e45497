import { type Gap, isFirstWork, offer, type Requirement, type SessionState, type StepOffer } from "../../engine/session/index.ts";
import type { Refusal } from "../../shared/errors.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { Plan } from "../../workflow/index.ts";
import type { Answer } from "./answer.ts";
import type { Place, Tokens } from "./tokens.ts";

/** A session as it stands or stood: a fold of its log up to `seq`. */
export interface Standing {
  readonly sessionId: string;
  readonly plan: Plan;
  readonly state: SessionState;
  readonly seq: number;
  /** Children of a parallel step that are not done, each with the place it is at; empty in any other state. */
  readonly children: readonly PendingChild[];
}

export interface PendingChild {
  readonly id: string;
  readonly place: Place;
}

/**
 * The answer a standing comes to. The same standing gives the same answer, which is what makes a replay the recorded one.
 * @param introduce repeats what holds for the whole session, for a client that comes to it anew
 */
export function answerOf(standing: Standing, tokens: Tokens, introduce: boolean): Answer {
  const { sessionId, plan, state, seq, children } = standing;
  const base = { sessionId, workflowId: plan.id, requires: [], ...preferencesOf(state) };
  const nodeId = state.kind === "new" || state.node === null ? "-" : state.node.id;
  const place = { sessionId, nodeId, seq };
  const open = { continueToken: tokens.issue("continue", place), checkpointToken: tokens.issue("checkpoint", place) };
  switch (state.kind) {
    case "step": {
      const current = offer(plan, state, { introduce });
      const { blockers } = state.node;
      if (current === null) return refusal(base, { kind: "step-not-in-plan", message: `The plan has no step "${state.node.stepId}".`, fix: "Start the session again." });
      const system = [introduce || isFirstWork(state.node) ? plan.systemPrompt : null, current.systemPrompt].filter((text) => text !== null);
      const out = { step: stepOf(current, system), requires: current.requires.map(requirement), ...open };
      return blockers.length === 0 ? { ...base, status: "step", ...out } : { ...base, status: "blocked", blockers: [...blockers], ...out };
    }
    case "gate":
      return { ...base, status: "gate", gate: { kind: state.gate, question: state.question }, ...open };
    case "waiting":
      return { ...base, status: "waiting", pending: [{ kind: "verification", id: state.request.requestId, continueToken: open.continueToken }], ...open };
    case "delegating":
      return { ...base, status: "waiting", pending: children.map(({ id, place: at }) => ({ kind: "child", id, sessionId: at.sessionId, continueToken: tokens.issue("continue", at) })), ...open };
    case "gathering":
      return { ...base, status: "waiting", pending: [], ...open };
    case "ended":
      return { ...base, status: "complete", outcome: state.outcome, ...ending(state.reason) };
    case "new":
    case "moving":
    case "judging":
      return refusal(base, { kind: "not-at-rest", message: `The session ${sessionId} is between two steps.`, fix: "Ask for the session again: it goes on from its log." });
    default:
      return unreachable(state);
  }
}

function preferencesOf(state: SessionState): Pick<Answer, "preferences"> {
  if (state.kind === "new") return {};
  const { autonomy, riskPolicy } = state.facts.start;
  return { preferences: { autonomy, ...(riskPolicy === undefined ? {} : { riskPolicy }) } };
}

/** A refusal as an answer; of what is known of the session. */
export function refusal(about: { readonly sessionId: string; readonly workflowId: string; readonly continueToken?: string }, { kind, message, fix }: Refusal): Answer {
  const { sessionId, workflowId, continueToken } = about;
  return { sessionId, workflowId, status: "refused", requires: [], blockers: [{ code: kind, message, fix }], ...(continueToken === undefined ? {} : { continueToken }) };
}

const ending = (reason: Gap | null): Pick<Answer, "blockers"> => (reason === null ? {} : { blockers: [{ code: reason.code, message: reason.message, fix: "Start a new session to try again." }] });

/** @param system the workflow's and the step's system prompts: a client has no other place for them than the prompt */
function stepOf({ stepId, title, prompt, agentRole, modelTier, allowedTools, loop }: StepOffer, system: readonly string[]): NonNullable<Answer["step"]> {
  return {
    id: stepId,
    title,
    prompt: [...system, prompt].join("\n\n"),
    ...(agentRole === null ? {} : { agentRole }),
    ...(modelTier === null ? {} : { modelTier }),
    ...(allowedTools === null ? {} : { allowedTools: [...allowedTools] }),
    ...(loop === null ? {} : { loop: { id: loop.id, iteration: loop.iteration, ...(loop.total === null ? {} : { total: loop.total }) } }),
  };
}

function requirement(required: Requirement): Answer["requires"][number] {
  switch (required.kind) {
    case "notes":
      return { kind: "notes", schema: { ...required.schema } };
    case "artifact":
      return { kind: "artifact", ref: required.ref, ...(required.required ? {} : { optional: true }), schema: { ...required.schema } };
    case "assessment":
      return { kind: "assessment", ref: required.ref, schema: { ...required.schema } };
    case "context":
      return { kind: "context", ref: required.key, schema: { ...required.schema } };
    default:
      return unreachable(required);
  }
}
