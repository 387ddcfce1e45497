/**
 * The proof of a delivery made again from the record, as the deliver job made it.
 *
 * I7. What the deliver job's own part says is compared, never believed: only that GitHub named the requester's role at that time
 *     cannot be asked again.
 */
import { judge, mergeIn, prove, readChange, verifiedIn, type Proven } from "../../../delivery/index.ts";
import type { Ticket } from "../../../github/trust/index.ts";
import type { JournalReader } from "../../../journal/index.ts";
import { itemStream, type Committed, type DeliveryProof, type SnapshotRef } from "../../../record/index.ts";
import { itemView, readItemJournal, type ItemJournal, type ItemView } from "../../../report/index.ts";
import { createRedactor, redactJson } from "../../../shared/redact.ts";
import { err, ok, type Result } from "../../../shared/result.ts";

/** The part of the record that was delivered: what stands behind the committed heads is the deliver job's, or later. */
export async function committedJournal(reader: JournalReader, { item, heads }: Committed): Promise<ItemJournal> {
  const within = async (stream: string) => (await reader.read(stream)).filter(({ seq }) => seq <= (heads[stream]?.seq ?? 0));
  return readItemJournal({ read: within }, item);
}

/** The last proof that stands behind the committed part of the item's stream; null where there is none. */
export async function recordedProof(reader: JournalReader, { item, heads }: Committed): Promise<DeliveryProof | null> {
  const stream = itemStream(item);
  const events = (await reader.read(stream)).filter(({ seq }) => seq > (heads[stream]?.seq ?? 0));
  const recorded = events.findLast((event) => event.kind === "proof_recorded");
  return recorded?.kind === "proof_recorded" ? recorded.data : null;
}

export interface Delivered {
  readonly committed: Committed;
  readonly ticket: Ticket;
  readonly ticketText: string;
  readonly readTicket: (text: string) => Ticket | null;
  readonly journal: ItemJournal;
  readonly getBlob: JournalReader["getBlob"];
}

export interface Judged {
  readonly view: ItemView;
  readonly snapshot: SnapshotRef;
}

/** Whether the record allows the delivery, asked as the deliver job asks. @returns the reason why not, in words */
export function judgeAgain({ committed, ticket, ticketText, readTicket, journal }: Delivered): Result<Judged, string> {
  const judged = judge({ ticket, ticketText, readTicket, runId: committed.run, journal, heads: new Map(Object.entries(committed.heads)) });
  if (!judged.ok) return err(judged.error.message);
  if (judged.value.kind !== "deliver") return err(`The record ends with \`${judged.value.view.ended?.ending ?? "no end"}\`: there was nothing to deliver.`);
  return ok(judged.value);
}

/** @param recorded what only GitHub could tell at that time, or what was taken: everything else is made again */
export async function proveAgain(delivered: Delivered, { snapshot }: Judged, recorded: DeliveryProof): Promise<Result<Proven, string>> {
  const { committed, ticket, journal, getBlob } = delivered;
  const change = await readChange(snapshot, getBlob);
  if (!change.ok) return err(change.error.message);
  const seqs = Object.values(committed.heads).map(({ seq }) => seq);
  const record = { runId: committed.run, lines: seqs.reduce((sum, seq) => sum + seq, 0), streams: seqs.length, artifacts: recorded.record.artifacts };
  // Redaction changes the content of strings only, so the view keeps its type.
  const view = redactJson(createRedactor([]), itemView(journal)) as ItemView;
  return ok(prove({ ticket, change: change.value, snapshot, view, role: recorded.requester.role, record, verified: verifiedIn(recorded), mergeOf: () => mergeIn(recorded) }));
}
