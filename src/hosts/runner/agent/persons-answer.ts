/**
 * What this run has of a person's word for the gate that the item waits at: its own ticket's, else that of an earlier run which could not use
 * it, such as one without a key for the model. A gate's name is of one gate, so an answer opens no other, and none twice.
 *
 * Attack 17. As for the deliver job, an answer is one only in a ticket of this item that the App has signed.
 */
import type { CoordinatorDeps } from "../../../coordinator/index.ts";
import { personOf, verifyTicket, type Ticket } from "../../../github/trust/index.ts";
import type { Journal } from "../../../journal/index.ts";
import { itemStream, type ItemEvent } from "../../../record/index.ts";

export async function personsAnswer({ item, publicKey }: { readonly item: string; readonly publicKey: string }, { ticket, journal }: { readonly ticket: Ticket; readonly journal: Pick<Journal, "read"> }): Promise<CoordinatorDeps["answer"]> {
  const events = (await journal.read(itemStream(item))) as readonly ItemEvent[];
  const earlier = events.flatMap((event) => (event.kind === "run_opened" && event.data.ticket !== null ? [event.data.ticket] : [])).flatMap((text) => {
    // Whether that run began in time was asked when it began.
    const read = verifyTicket(text, publicKey, { runCreatedAt: new Date(0).toISOString() });
    return read.ok && read.value.item === item ? [read.value] : [];
  });
  const said = [...earlier, ticket].findLast(({ answer }) => answer !== undefined);
  return said?.answer === undefined ? undefined : { ...said.answer, by: personOf(said.trigger.actor) };
}
