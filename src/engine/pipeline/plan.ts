/** Work that was asked for with `plan`: what is known and intended is put before a person before anything is made. */
import type { Json } from "../../shared/json.ts";
import { stop, type ItemAction } from "./action.ts";
import { makesChange } from "./course.ts";
import type { ItemSession, ItemState } from "./state.ts";

/** Characters of what one session handed over that a person is shown; the whole is in the record. */
const MAX_PART_CHARS = 4_000;

/** What is done next, or the question whether it is to be. */
export function afterPlan(state: ItemState, action: ItemAction): ItemAction {
  const { opening, plan } = state;
  if (opening?.plan !== true || action.kind !== "run-session" || !makesChange(action.phase) || plan?.verdict === "approved") return action;
  if (plan !== null) return stop("needs-answer", `${plan.by} rejected the plan${plan.reason === undefined ? "." : `: ${plan.reason}`}`, "Say in the task what is wanted, then start it again.");
  const sessions = state.sessions.filter(({ phase, result }) => phase !== "retrospect" && result?.outcome === "completed");
  const { mode, why } = state;
  const next = `Next: ${action.phase} by ${action.workflowId}${action.why === undefined ? "" : `, since ${action.why}`}. What it makes is reviewed before it is delivered.`;
  const parts = [...(mode === null ? [] : [`Mode ${mode}: ${why.join("; ")}.`]), ...sessions.map(partOf), next];
  return {
    kind: "ask",
    about: "plan",
    proposal: { mode, next: { phase: action.phase, workflowId: action.workflowId }, sessions: sessions.map(({ sessionId, result }) => ({ sessionId, artifacts: (result?.artifacts ?? []).map(({ contractRef, value }) => ({ contractRef, value })) })) },
    question: `This is the plan; nothing is changed yet. Is it to be done?\n\n${parts.join("\n\n")}`,
    fix: "Approve it and the work goes on (`/worktrain approve` or `/worktrain run` in a comment); reject it and it ends there (`/worktrain reject REASON`).",
  };
}

function partOf({ phase, workflowId, result }: ItemSession): string {
  const lines = (result?.artifacts ?? []).flatMap(({ value }) => linesOf(value, ""));
  const text = lines.join("\n");
  const cut = text.length <= MAX_PART_CHARS ? text : `${text.slice(0, MAX_PART_CHARS).toWellFormed()}\n(cut; the rest is in the run's record)`;
  return `${phase} (${workflowId}):\n${cut === "" ? "- (handed nothing over)" : cut}`;
}

/** A value as a list; each text on one line, so that none can pass for a line of ours (I8). */
function linesOf(value: Json, indent: string): readonly string[] {
  if (typeof value !== "object" || value === null) return [`${indent}- ${flat(value)}`];
  if (Array.isArray(value)) return value.flatMap((each: Json) => linesOf(each, indent));
  return Object.entries(value).flatMap(([name, each]) => {
    if (each === undefined || each === "" || (Array.isArray(each) && each.length === 0)) return [];
    return typeof each === "object" && each !== null ? [`${indent}- ${flat(name)}:`, ...linesOf(each, `${indent}  `)] : [`${indent}- ${flat(name)}: ${flat(each)}`];
  });
}

const flat = (value: string | number | boolean | null): string => String(value).replaceAll(/\s+/g, " ").trim();
