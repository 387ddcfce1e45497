/**
 * Whether a journal is the one that a ticket asked for. Pure.
 *
 * I7. It is this item's, its newest run is this one under this very ticket, and what no agent job may choose (text, base, policy) is
 *     what a ticket of the item names.
 */
import { evolveItem, foldItem, retriedFrom, type ItemOpening } from "../engine/pipeline/index.ts";
import { personOf, type Ticket } from "../github/trust/index.ts";
import { itemStream, sessionStream, type Head, type ItemEvent, type Recorded } from "../record/index.ts";
import type { ItemJournal, ItemView } from "../report/index.ts";
import { sha256Hex } from "../shared/hash.ts";
import { canonicalJson } from "../shared/json.ts";
import { foreign, refusal, type JournalRefusal } from "./journal-refusal.ts";

export interface JudgedJournal {
  readonly ticket: Ticket;
  /** As the workflow input holds it: the journal must hold the same text. */
  readonly ticketText: string;
  /** A ticket that the App has signed, expired or not; null for anything else. */
  readonly readTicket: (text: string) => Ticket | null;
  readonly runId: number;
  readonly journal: ItemJournal;
  /** The last line of every stream in the journal, by stream name. */
  readonly heads: ReadonlyMap<string, Head>;
}

/** The journal is this item's and nobody else's, and its newest run is this one, under this very ticket. */
export function belongs(judged: JudgedJournal, view: ItemView): JournalRefusal | null {
  const { ticket, ticketText, runId, journal, heads: streams } = judged;
  const { opening } = view;
  if (opening === null || journal.item[0]?.kind !== "item_opened") return foreign(`The journal does not open item ${ticket.item}.`);
  if (opening.itemId !== ticket.item) return foreign(`The journal is of item ${opening.itemId}, the ticket of ${ticket.item}.`);
  const known = new Set([itemStream(ticket.item), ...[...journal.sessions.keys()].map(sessionStream)]);
  const stranger = [...streams.keys()].find((stream) => !known.has(stream));
  if (stranger !== undefined) return foreign(`The journal holds ${stranger}, which this item never scheduled.`);
  const textSha256 = sha256Hex(canonicalJson({ body: opening.task.body, title: opening.task.title }));
  if (textSha256 !== ticket.textSha256 || opening.task.sha256 !== ticket.textSha256) return foreign("The journal's task text is not the one that was labelled.");
  if (opening.base.ref !== ticket.base.ref) return foreign(`The journal builds on branch ${opening.base.ref}, the ticket on ${ticket.base.ref}.`);
  if (!isTicketsPolicy(judged, opening.pipeline)) return foreign(`The journal goes by the pipeline policy ${canonicalJson(opening.pipeline ?? null)}, which no ticket of this item names.`);
  if (!ticketsOf(judged).some(({ wish }) => wish?.workflow === opening.workflowId && wish?.plan === opening.plan)) return foreign(`The journal runs ${opening.workflowId ?? "the whole pipeline"}${opening.plan === true ? " after a plan" : ""}, which no ticket of this item asks for.`);
  if (!isTicketsBase(judged, opening.base)) return foreign(`The journal builds on ${opening.base.sha}, which no ticket of this item names.`);
  return unasked(judged) ?? lastRun(journal.item, { ticket, ticketText, runId });
}

/** A resumed item builds on the base of an earlier ticket, which the App has signed as well, or on the one that its delivery was to be merged with: no base is the agent job's choice. */
function isTicketsBase(judged: JudgedJournal, base: Ticket["base"]): boolean {
  return ticketsOf(judged).some((each) => each.base.ref === base.ref && (each.base.sha === base.sha || each.followUp?.onto === base.sha));
}

/**
 * Which pipeline the item goes through, and whether a person is asked first, is the config's as the App read it. Tickets of before they named it
 * say nothing. An item that was stopped before any work needed none.
 */
function isTicketsPolicy(judged: JudgedJournal, policy: ItemOpening["pipeline"]): boolean {
  if (policy === undefined && !judged.journal.item.some(({ kind }) => kind === "session_scheduled")) return true;
  const named = ticketsOf(judged).flatMap((each) => each.policy ?? []);
  return named.length === 0 || named.some(({ mode, confirm }) => policy?.mode === mode && policy.confirm === confirm);
}

/** This run's ticket and those the App signed for the item's earlier runs. */
export function ticketsOf({ ticket, journal, readTicket }: JudgedJournal): readonly Ticket[] {
  const earlier = journal.item.flatMap((event) => (event.kind === "run_opened" && event.data.ticket !== null ? (readTicket(event.data.ticket) ?? []) : []));
  return [ticket, ...earlier.filter((each) => each.item === ticket.item)];
}

/** What had ended is opened again only where the ticket of that very run says so, once a dispatch: else a review could be made to have been none (attack 7). */
function unasked(judged: JudgedJournal): JournalRefusal | null {
  const { item } = judged.journal;
  let open: Ticket | null = null;
  let state = foldItem([]);
  const used = new Set<string>();
  for (const [index, event] of item.entries()) {
    if (event.kind === "run_opened") open = event.data.ticket === judged.ticketText ? judged.ticket : event.data.ticket === null ? null : judged.readTicket(event.data.ticket);
    if (event.kind === "item_followed_up" || event.kind === "item_retried") {
      const asked: Ticket | null = open?.item === judged.ticket.item && !used.has(open.key) ? open : null;
      const wrong = event.kind === "item_followed_up" ? notFollowedUp(event.data, asked) : notRetried(event.data, asked) ?? notFrom(event.data, retriedFrom(state, event.data, item[index + 1]));
      if (wrong !== null) return refusal("unvouched-approval", wrong);
      if (asked !== null) used.add(asked.key);
    }
    state = evolveItem(state, event);
  }
  return null;
}

/** What a delivery is merged with is the commit that the ticket names, and nothing where it names none. */
const isMergedAsAsked = (onto: Extract<ItemEvent, { kind: "item_followed_up" }>["data"]["onto"], asked: NonNullable<Ticket["followUp"]>): boolean => onto === undefined || (asked.because === "conflict" && onto.base.sha === asked.onto);

/** Nobody is answered whom the App has not vouched for. */
const areAsked = (comments: readonly number[] | undefined, asked: NonNullable<Ticket["followUp"]>): boolean => comments === undefined || comments.join() === (asked.comments ?? []).join();
type DataOf<K extends ItemEvent["kind"]> = Extract<ItemEvent, { kind: K }>["data"];

function notFollowedUp({ because, headSha, by, reviewId, named, onto, comments }: DataOf<"item_followed_up">, asked: Ticket | null): string | null {
  const wish = asked?.followUp;
  const isAsked = wish?.because === because && wish.headSha === headSha && asked !== null && personOf(asked.trigger.actor) === by;
  // Records of before they told which review, or which findings, name neither.
  if (isAsked && (reviewId === undefined || reviewId === wish.reviewId) && (named === undefined || named.join() === (wish.findings ?? []).join()) && isMergedAsAsked(onto, wish) && areAsked(comments, wish)) return null;
  return `The journal works again on what it delivered as ${headSha}, in the name of ${by}; no ticket of the App says so.`;
}

function notRetried({ phase, by }: DataOf<"item_retried">, asked: Ticket | null): string | null {
  if (asked?.retry !== undefined && asked.retry.phase === phase && personOf(asked.trigger.actor) === by) return null;
  return `The journal says that ${by} asked for another try of ${phase ?? "the latest phase"}; no ticket of the App says so.`;
}

const notFrom = ({ sessionId, phase }: DataOf<"item_retried">, from: string | null): string | null =>
  sessionId === from ? null : `The journal goes back to before ${sessionId ?? "nothing"} for another try of ${phase ?? "the latest phase"}; the pipeline goes back to before ${from ?? "nothing"}.`;

function lastRun(events: readonly Recorded<ItemEvent>[], { ticket, ticketText, runId }: Pick<JudgedJournal, "ticket" | "ticketText" | "runId">): JournalRefusal | null {
  const run = events.findLast((event) => event.kind === "run_opened");
  if (run?.kind !== "run_opened") return foreign("No run opened the journal.");
  const { data } = run;
  if (data.runId !== runId || data.runAttempt !== 1 || data.host !== "actions") return foreign(`The journal's last run is ${data.runId}, attempt ${data.runAttempt}; this is run ${runId}, attempt 1.`);
  if (data.ticket !== ticketText || data.key !== ticket.key) return foreign("The journal was written under another ticket.");
  // A person's retry goes on from an end that was a stop, a follow-up from one that was delivered.
  const since = events.slice(events.findLastIndex((event) => event.kind === "item_retried" || event.kind === "item_followed_up") + 1);
  const endings = since.filter((event) => event.kind === "item_ended");
  return endings.length > 1 ? foreign(`The journal ends the item ${endings.length} times.`) : null;
}
