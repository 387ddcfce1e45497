import { artifactsOf, nodesOf, type SessionState } from "../engine/session/index.ts";
import type { ChildRequest, SessionOutcome, StepOutput } from "../record/index.ts";
import { sha256Hex } from "../shared/hash.ts";
import type { JsonObject } from "../shared/json.ts";
import type { Plan } from "../workflow/index.ts";
import type { SessionInit } from "./init.ts";

/** What a waiting session waits for. The host answers: `resume` runs a verification, `finishChild` hands in a child's end. */
export type Pending = { readonly kind: "verification"; readonly id: string; readonly command: string } | ({ readonly kind: "child"; readonly id: string; readonly sessionId: string } & Omit<ChildRequest, "childId">);

/** How a child of a parallel step ended. `childResult` reads it from the child's own session. */
export interface ChildAnswer {
  /** The `id` of the pending child. */
  readonly childId: string;
  /** Null when no session could be started. */
  readonly sessionId: string | null;
  readonly outcome: SessionOutcome;
  /** Notes of its last step, or why it did not run. */
  readonly summary: string;
  readonly artifacts: StepOutput["artifacts"];
}

/** What a state waits for. */
export function pendingOf(state: SessionState): readonly Pending[] {
  if (state.kind === "waiting") return [{ kind: "verification", id: state.request.requestId, command: state.request.command }];
  if (state.kind !== "delegating") return [];
  const answered = new Set(state.results.map((result) => result.childId));
  const parent = state.facts.start.sessionId;
  return state.request.children.filter((child) => !answered.has(child.childId)).map(({ childId, ...child }) => ({ kind: "child", id: childId, sessionId: childSessionId(parent, childId), ...child }));
}

/** Characters of a session's id (record: stream names). */
const SESSION_ID_CHARS = 64;

/** The same child has the same session after a restart, so it is gone on with and never started twice. */
export function childSessionId(parentSessionId: string, childId: string): string {
  const plain = `${parentSessionId}-${childId.replaceAll(/[^a-z0-9]/g, "-")}`;
  if (plain.length <= SESSION_ID_CHARS) return plain;
  const digest = sha256Hex(plain).slice(0, 16);
  return `${plain.slice(0, SESSION_ID_CHARS - digest.length - 1)}-${digest}`;
}

/** How a child's session is started: its parent's item, phase and autonomy, its own goal, context and bounds. What bounds the parent bounds it too. */
export function childInit(parent: SessionState, child: Extract<Pending, { kind: "child" }>, plan: Plan): SessionInit | null {
  if (parent.kind === "new") return null;
  const { sessionId, itemId, phase, autonomy, riskPolicy, allowedTools = null } = parent.facts.start;
  const bound = child.allowedTools === null || allowedTools === null ? (child.allowedTools ?? allowedTools) : child.allowedTools.filter((tool) => allowedTools.includes(tool));
  return {
    sessionId: child.sessionId,
    itemId,
    parentSessionId: sessionId,
    phase,
    plan,
    goal: child.goal,
    context: childContext(parent, child.context),
    autonomy,
    ...(riskPolicy === undefined ? {} : { riskPolicy }),
    ...(child.modelTier === null ? {} : { modelTier: child.modelTier }),
    ...(bound === null ? {} : { allowedTools: bound }),
  };
}

/**
 * The context a child starts with. `commands` is what its repository is configured with and becomes text of a shell, so a child
 * that is given some has its parent's own, whatever a mapping or an agent says (attack 7).
 */
export function childContext(parent: SessionState, given: JsonObject): JsonObject {
  if (!Object.hasOwn(given, "commands")) return given;
  const { commands: _, ...rest } = given;
  const commands = parent.kind === "new" ? undefined : parent.facts.start.context["commands"];
  return commands === undefined ? rest : { ...rest, commands };
}

/** What a child's ended session answers its parent; null while it runs. */
export function childResult(child: SessionState, childId: string): ChildAnswer | null {
  if (child.kind !== "ended") return null;
  const notes = nodesOf(child).findLast((node) => (node.output?.notes ?? "").trim() !== "")?.output?.notes;
  const summary = child.outcome === "completed" ? (notes ?? "") : [child.reason?.message, notes].filter((text) => text !== undefined).join("\n\n");
  return { childId, sessionId: child.facts.start.sessionId, outcome: child.outcome, summary, artifacts: artifactsOf(child) };
}
