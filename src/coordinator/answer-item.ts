import { foldItem, next, type Question } from "../engine/pipeline/index.ts";
import type { Journal } from "../journal/index.ts";
import { itemStream, type ItemEvent } from "../record/index.ts";
import type { Refusal } from "../shared/errors.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { itemEvents } from "./item-events.ts";

/** What a person said to a question about an item. */
export type QuestionAnswer = Extract<ItemEvent, { kind: "interpretation_answered" }>["data"];

const ANSWERED = { interpretation: "interpretation_answered", decomposition: "decomposition_answered", plan: "plan_answered" } as const;

export const answeredEvent = (about: Question, answer: QuestionAnswer): ItemEvent => ({ kind: ANSWERED[about], data: answer });

/**
 * Writes down what a person said to what the item asks: whether the task was understood, whether it is to be cut. The host has asked before whether that person may (I10); an answer
 * to nothing is refused, so that a late or doubled one decides nothing.
 */
export async function answerItem(journal: Journal, itemId: string, answer: QuestionAnswer): Promise<Result<void, Refusal>> {
  const stream = itemStream(itemId);
  const head = await journal.head(stream);
  const action = head === null ? null : next(foldItem(await itemEvents(journal, itemId)));
  if (head === null || action?.kind !== "ask") return err({ kind: "nothing-asked", message: `${itemId} asks nobody anything.`, fix: "See where it stands; if it is at work or over, there is nothing to answer." });
  const appended = await journal.append(stream, head, [answeredEvent(action.about, answer)]);
  return appended.ok ? ok(undefined) : appended;
}
