/** Large work is cut into sub-issues where a person says so: what was proposed is checked here, asked about, and handed on. */
import { z } from "zod";
import type { Json } from "../../shared/json.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { stop, type ItemAction } from "./action.ts";
import { CONTRACT } from "./course.ts";
import { artifactOf, type ItemSession, type ItemState } from "./state.ts";

/** As many as wr.ticket-creation may propose; more is no plan that a person could judge. */
export const MOST_SUB_ISSUES = 15;

const texts = z.array(z.string());
const proposalSchema = z.looseObject({
  tickets: z
    .array(
      z.looseObject({
        title: z.string().trim().min(1).max(200),
        body: z.string().trim().min(1).max(20_000),
        acceptance: texts.default([]),
        outOfScope: texts.default([]),
        questions: texts.default([]),
        dependsOn: z.array(z.int().min(0)).default([]),
      }),
    )
    .min(1),
});

/** One of the pieces. */
export interface SubTask {
  readonly title: string;
  readonly body: string;
  readonly acceptance: readonly string[];
  readonly outOfScope: readonly string[];
  readonly questions: readonly string[];
  /** Places in this list, all before its own. */
  readonly dependsOn: readonly number[];
}

/** The pieces in an order in which they can be done, or what is wrong with the proposal. */
export function readSubTasks(proposal: Json | null): Result<readonly SubTask[], string> {
  const { data, error } = proposalSchema.safeParse(proposal);
  if (data === undefined) return err(`it cannot be read: ${z.prettifyError(error).replaceAll("\n", " ")}`);
  const { tickets } = data;
  if (tickets.length > MOST_SUB_ISSUES) return err(`it has ${tickets.length} pieces, at most ${MOST_SUB_ISSUES} are made`);
  const order: number[] = [];
  while (order.length < tickets.length) {
    const ready = tickets.findIndex(({ dependsOn }, index) => !order.includes(index) && dependsOn.every((each) => order.includes(each)));
    if (ready === -1) return err("what its pieces depend on is a circle, or not in the list");
    order.push(ready);
  }
  return ok(order.flatMap((index) => tickets[index] ?? []).map(({ title, body, acceptance, outOfScope, questions, dependsOn }) => ({ title, body, acceptance, outOfScope, questions, dependsOn: [...new Set(dependsOn)].map((each) => order.indexOf(each)).toSorted((a, b) => a - b) })));
}

/** What a person who rejects a proposal writes first where nothing is to be done at all. */
const STOPS = /^stop\b[:\s]*/i;

/** After the proposal: null where the work goes on as one piece. */
export function afterDecomposition({ decomposition: answer }: ItemState, last: ItemSession): ItemAction | null {
  const read = readSubTasks(artifactOf(last, CONTRACT.tickets));
  if (!read.ok) return stop("no-verdict", `The proposal to cut the work cannot be used: ${read.error}.`, "Start it again to try once more, or set `pipeline: { decompose: never }` in .github/worktrain.yml, and it is done as one piece.");
  if (read.value.length === 1) return null;
  const pieces = read.value.map(({ title, dependsOn }, index) => `${index + 1}. ${title}${dependsOn.length === 0 ? "" : ` (after ${dependsOn.map((each) => each + 1).join(", ")})`}`).join("\n");
  if (answer === null) {
    return {
      kind: "ask",
      about: "decomposition",
      proposal: read.value.map((piece) => ({ ...piece, acceptance: [...piece.acceptance], outOfScope: [...piece.outOfScope], questions: [...piece.questions], dependsOn: [...piece.dependsOn] })),
      question: `The work is large. It is proposed as ${read.value.length} sub-issues, each one reviewable change:\n${pieces}`,
      fix: "Approve it and the sub-issues are made (`/worktrain approve` in a comment, or `worktrain approve ITEM` for a local task, which lists them). Reject it with a reason and the work goes on as one piece, which is told the reason; with a reason that begins with `stop` it ends there. With `pipeline: { decompose: never }` in .github/worktrain.yml nobody is asked.",
    };
  }
  if (answer.verdict === "approved") return stop("decomposed", `The work is cut into ${read.value.length} sub-issues, as ${answer.by} approved:\n${pieces}`, "Label a sub-issue to have it worked on, in this order: none is labelled yet.");
  const { reason = "" } = answer;
  return STOPS.test(reason) ? stop("needs-answer", `${answer.by} rejected how the work was to be cut: ${reason.replace(STOPS, "") || "no reason given"}`, "Say in the task what is wanted, then start it again.") : null;
}

/** What the sessions after a rejected proposal are told of it; null where nobody rejected one. */
export const rejectedDecomposition = ({ decomposition }: ItemState): Json | null =>
  decomposition?.verdict === "rejected" ? { rejected: "A person wants this done as one piece of work.", by: decomposition.by, reason: decomposition.reason ?? "" } : null;
