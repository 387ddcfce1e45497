/**
 * Whether every word of a person that the journal goes by was said: the App signed, in a ticket of this item, whose word it was, for which
 * gate, and what it said (attack 17). An agent job can write a journal, never such a ticket. Pure.
 */
import { confirmation, foldItem, next, questionGate } from "../engine/pipeline/index.ts";
import { personOf, type GateAnswer, type Ticket } from "../github/trust/index.ts";
import { gateName, type ItemEvent } from "../record/index.ts";
import { boundGate } from "../record/proposal-gate.ts";
import { itemView, type ItemJournal } from "../report/index.ts";
import { refusal, type JournalRefusal } from "./journal-refusal.ts";

type Said = Pick<GateAnswer, "gate" | "verdict"> & { readonly by: string };

/** @param tickets of this item, each signed by the App */
export function approvals(journal: ItemJournal, tickets: readonly Ticket[]): JournalRefusal | null {
  const answers = tickets.flatMap(({ answer, trigger }): readonly Said[] => (answer === undefined ? [] : [{ ...answer, by: personOf(trigger.actor) }]));
  const vouched = (said: Said): boolean => answers.some(({ gate, verdict, by }) => gate === said.gate && verdict === said.verdict && by === said.by);
  return interpretation(journal, vouched) ?? proposals(journal, vouched) ?? planned(journal) ?? gates(journal, vouched);
}

type Vouched = (said: Said) => boolean;

function interpretation(journal: ItemJournal, vouched: Vouched): JournalRefusal | null {
  const { opening, answer } = foldItem(journal.item);
  for (const [index, event] of journal.item.entries()) {
    if (event.kind !== "interpretation_answered") continue;
    const { verdict, by } = event.data;
    // As it was named then: a mode that is chosen later is no new question.
    const gate = questionGate("interpretation", journal.item.slice(0, index));
    if (!vouched({ gate, verdict, by })) return refusal("unvouched-approval", `The journal says that ${by} answered ${gate} with ${verdict}; no ticket of the App says so.`);
  }
  if (answer?.verdict === "rejected") return refusal("unvouched-approval", `${answer.by} rejected how the task was understood; the journal delivers it all the same.`);
  // A review, and a workflow that was asked for by its name, classify nothing: there is no interpretation to confirm.
  const needed = opening?.pipeline === undefined || opening.review !== undefined || opening.workflowId !== undefined ? null : confirmation(opening.pipeline, itemView(journal).classification ?? {});
  if (needed === null || answer !== null) return null;
  return refusal("unvouched-approval", `A person had to confirm how the task was understood, since ${needed}; the journal holds nobody's answer.`);
}

const ABOUT = { decomposition_answered: "decomposition", plan_answered: "plan" } as const;

function proposals({ item }: ItemJournal, vouched: Vouched): JournalRefusal | null {
  for (const [index, event] of item.entries()) {
    if (event.kind !== "decomposition_answered" && event.kind !== "plan_answered") continue;
    const { verdict, by } = event.data;
    const gate = proposalGate(item.slice(0, index), ABOUT[event.kind]);
    if (!vouched({ gate, verdict, by })) return refusal("unvouched-approval", `The journal says that ${by} answered ${gate} with ${verdict}; no ticket of the App says so.`);
  }
  return null;
}

/** Where a plan was asked for nothing is delivered that was made without a person's word for it. Sub-issues have that word, and no change is with them. */
function planned({ item }: ItemJournal): JournalRefusal | null {
  const { opening, plan, ended } = foldItem(item);
  if (ended?.outcome === "stopped" && ended.ending === "decomposed") return null;
  return opening?.plan !== true || plan?.verdict === "approved" ? null : refusal("unvouched-approval", "The work was asked for with a plan, and the journal holds nobody's approval of it.");
}

/** The gate of the proposal that stood open after these events, which names its content: another one was not approved. Empty where none did. */
function proposalGate(before: readonly ItemEvent[], about: "decomposition" | "plan"): string {
  const action = next(foldItem(before));
  return action.kind === "ask" && action.about === about ? boundGate(questionGate(about, before), action.proposal) : "";
}

function gates({ sessions }: ItemJournal, vouched: Vouched): JournalRefusal | null {
  for (const [sessionId, events] of sessions) {
    let open: Extract<(typeof events)[number], { kind: "gate_opened" }> | null = null;
    for (const event of events) {
      if (event.kind === "gate_opened") open = event.data.gate === "human_approval" ? event : null;
      if (event.kind === "rewound") open = null;
      if (open === null || !("nodeId" in event.data) || event.data.nodeId !== open.data.nodeId) continue;
      if (event.kind === "step_completed") return refusal("unvouched-approval", `Session ${sessionId} passed a gate for a person that nobody answered: ${open.data.question}`);
      if (event.kind !== "gate_resolved") continue;
      const gate = gateName(sessionId, open.seq);
      const { verdict, by } = event.data;
      if (!vouched({ gate, verdict, by })) return refusal("unvouched-approval", `The journal says that ${by} answered ${gate} of session ${sessionId} with ${verdict}; no ticket of the App says so.`);
      open = null;
    }
  }
  return null;
}
