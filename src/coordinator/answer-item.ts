import { foldItem, next } from "../engine/pipeline/index.ts";
import type { Journal } from "../journal/index.ts";
import { itemStream, type ItemEvent } from "../record/index.ts";
import type { Refusal } from "../shared/errors.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { itemEvents } from "./item-events.ts";

export type InterpretationAnswer = Extract<ItemEvent, { kind: "interpretation_answered" }>["data"];

/**
 * Writes down what a person said to how the task was understood. The host has asked before whether that person may (I10); an answer
 * to nothing is refused, so that a late or doubled one decides nothing.
 */
export async function answerItem(journal: Journal, itemId: string, answer: InterpretationAnswer): Promise<Result<void, Refusal>> {
  const stream = itemStream(itemId);
  const head = await journal.head(stream);
  const action = head === null ? null : next(foldItem(await itemEvents(journal, itemId)));
  if (head === null || action?.kind !== "ask") return err({ kind: "nothing-asked", message: `${itemId} asks nobody whether its task was understood.`, fix: "See where it stands; if it is at work or over, there is nothing to answer." });
  const appended = await journal.append(stream, head, [{ kind: "interpretation_answered", data: answer }]);
  return appended.ok ? ok(undefined) : appended;
}
