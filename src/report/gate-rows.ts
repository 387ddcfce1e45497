/** Rows of the proof on what was decided on the way: by people, by judges, by auditors. */
import { goesBy } from "../engine/pipeline/index.ts";
import type { ItemView } from "./item-view.ts";
import { code, plain } from "./markdown.ts";
import type { Attester, ProofRow } from "./proof-row.ts";
import type { ItemSessionView, SessionView } from "./session-view.ts";

type Decided = Pick<ItemView, "sessions" | "helpers" | "answers" | "opening">;

const QUESTIONS = { interpretation: "how the task was understood", decomposition: "that the work is cut into sub-issues", plan: "the plan of the work" } as const satisfies Record<ItemView["answers"][number]["about"], string>;

/** What people answered. Proofs of items of before the fourth edition have only what they said to sessions (I3). */
export function answerRows({ sessions, helpers, answers, opening }: Decided, attestedBy: Attester): readonly ProofRow[] {
  const row = { gate: "approval", check: "A gate for a person was answered by one", result: "holds", attestedBy } as const;
  const ofItem = goesBy(4, opening?.pipeline) ? answers.map(({ about, verdict, by }): ProofRow => ({ ...row, detail: `${code(by)} ${verdict}: ${QUESTIONS[about]}` })) : [];
  const ofSessions = [...sessions, ...helpers].flatMap((session) =>
    session.gates.filter(({ gate }) => gate === "human_approval").map(({ question, verdict, by }): ProofRow => ({ ...row, detail: `${code(by)} ${verdict}: ${plain(question)}`, session: pinnedTo(session) })),
  );
  return [...ofItem, ...ofSessions];
}

/** What judges and auditors said of the sessions' work; from the fourth edition on (I3). */
export function judgeRows({ sessions, helpers, opening }: Omit<Decided, "answers">): readonly ProofRow[] {
  if (!goesBy(4, opening?.pipeline)) return [];
  return [...[...sessions, ...helpers].flatMap((session) => [...judged(session), ...audited(session)]), ...sessions.filter(({ phase }) => phase === "audit").map(lookedBehind)];
}

/** The last word on each question: a rejection sent the work back, and it was judged again. */
function judged(session: SessionView): readonly ProofRow[] {
  const last = new Map(session.gates.filter(({ gate }) => gate !== "human_approval").map((gate) => [gate.question, gate]));
  return [...last.values()].map(({ question, verdict, by }) => ({ gate: "judged", check: "A gate was answered without a person", result: verdict === "approved" ? "holds" : "unknown", detail: `${code(by)} ${verdict}: ${plain(question)}`, attestedBy: "agent job", session: pinnedTo(session) }));
}

/** The compiler's name of the step in which another conversation judges a step by its rubric: done only where it approved. The auditor's own session has it too. */
const AUDIT = ".audit";

const audited = (session: SessionView): readonly ProofRow[] =>
  session.role === "audit" ? [] : [...new Set(session.stepsCompleted.filter((step) => step.endsWith(AUDIT)))].map((step) => ({ gate: "audited", check: `The step ${code(step.slice(0, -AUDIT.length))} was audited`, result: "holds", detail: "approved by its rubric, by a conversation that did not do the work", attestedBy: "agent job", session: pinnedTo(session) }));

const lookedBehind = (session: ItemSessionView): ProofRow => ({ gate: "audit", check: "What is behind a blocking finding was looked for", result: session.outcome === "completed" ? "holds" : "fails", detail: `audit session, round ${session.round}: ${session.outcome ?? "not ended"}`, attestedBy: "agent job", session: pinnedTo(session) });

const pinnedTo = ({ sessionId, workflow, plan }: SessionView): NonNullable<ProofRow["session"]> => ({ sessionId, workflow, plan });
