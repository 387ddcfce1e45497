/** What a journal of a review has to hold before anything of it is published (I7, attack 14). */
import { expect, test } from "vitest";
import { foldItem, next } from "../../src/engine/pipeline/index.ts";
import { judge } from "../../src/delivery/index.ts";
import { openMemoryJournal } from "../../src/journal/index.ts";
import { itemStream, sessionStream, type Head, type ItemEvent } from "../../src/record/index.ts";
import { readItemJournal } from "../../src/report/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { writeFinishedItem } from "../fakes/finished-item.ts";
import { makeTicket } from "../fakes/tickets.ts";

const HEAD = "c".repeat(40);
const RUN = 77;
const asked = makeTicket({ item: "7/pr-12/1", review: { headSha: HEAD }, trigger: { kind: "pull_request.labeled", id: "1", actor: { login: "maintainer", id: 1 }, verdict: "write" } });
type Opening = Extract<ItemEvent, { kind: "item_opened" }>["data"];

/** A whole item's journal cut down to its review. */
async function judged(change: { readonly review?: Partial<NonNullable<Opening["review"]>> | null; readonly ticket?: typeof asked; readonly keepCode?: boolean; readonly ending?: "deliver" } = {}) {
  const journal = openMemoryJournal({ clock: fakeClock() });
  const whole = openMemoryJournal({ clock: fakeClock() });
  await writeFinishedItem(whole, { ...asked, runId: RUN, tree: "a".repeat(40), files: { "a.txt": { text: "a\n" } } });
  const { item, sessions } = await readItemJournal(whole, asked.ticket.item);
  const snapshot = item.flatMap((event) => (event.kind === "session_concluded" ? (event.data.snapshot ?? []) : []))[0];
  if (snapshot === undefined) throw new Error("no snapshot");
  const kept = item.flatMap((event): ItemEvent[] => {
    if (event.kind === "item_opened") return [{ kind: "item_opened", data: { ...event.data, ...(change.review === null ? {} : { review: { headSha: HEAD, snapshot, ...change.review } }) } }];
    if (event.kind === "item_ended") return [{ kind: "item_ended", data: { ...event.data, ...(change.ending === undefined ? { outcome: "stopped", ending: "reviewed", snapshot: null } : {}) } }];
    if ((event.kind === "session_scheduled" || event.kind === "session_concluded") && event.data.phase !== "review" && change.keepCode !== true) return [];
    if (event.kind === "effect_confirmed" || event.kind === "delivery_ended") return [];
    return [{ kind: event.kind, data: event.data } as ItemEvent];
  });
  const ids = new Set(kept.flatMap((event) => (event.kind === "session_scheduled" ? [event.data.sessionId] : [])));
  for (const [id, events] of sessions) if (ids.has(id)) await journal.append(sessionStream(id), null, events.map(({ kind, data }) => ({ kind, data }) as never));
  const headOf = async (id: string) => (await journal.head(sessionStream(id))) ?? { seq: 0, hash: "" };
  const ready = await Promise.all(kept.map(async (event) => (event.kind === "session_concluded" ? { ...event, data: { ...event.data, head: await headOf(event.data.sessionId) } } : event)));
  await journal.append(itemStream(asked.ticket.item), null, ready);
  const heads = new Map<string, Head>();
  for (const stream of await journal.streams()) heads.set(stream, (await journal.head(stream)) ?? { seq: 0, hash: "" });
  const under = change.ticket ?? asked;
  const result = judge({ ...under, ticketText: asked.ticketText, readTicket: () => null, runId: RUN, journal: await readItemJournal(journal, asked.ticket.item), heads });
  return result.ok ? `ok: ${result.value.kind}` : result.error.kind;
}

test("one whole review of the ticket's commit may be published", async () => expect(await judged()).toBe("ok: review"));

test.each([
  { why: "another commit than the ticket's", change: { review: { headSha: "d".repeat(40) } } },
  { why: "no commit", change: { review: null } },
  { why: "a ticket that asks for work", change: { ticket: { ...asked, ticket: makeTicket({ item: "7/pr-12/1" }).ticket } } },
  { why: "a change to deliver under a ticket for a review", change: { ending: "deliver", keepCode: true } },
] as const)("refused as another's: $why", async ({ change }) => expect(await judged(change)).toBe("foreign-journal"));

const since = { headSha: "7".repeat(40), mergeBase: "8".repeat(40), seen: ["0".repeat(16)], earlier: [] };
const sinceTicket = (more: object) => makeTicket({ item: "7/pr-12/1", review: { headSha: HEAD, since: { headSha: since.headSha, mergeBase: since.mergeBase, by: "x[bot]", ...more } }, trigger: asked.ticket.trigger });

test("what was reviewed before is left out only where the App named that review (attack 14)", async () => {
  expect(await judged({ review: { since } })).toBe("foreign-journal");
  expect(await judged({ review: { since }, ticket: { ...asked, ticket: sinceTicket({ mergeBase: "9".repeat(40) }).ticket } })).toBe("foreign-journal");
  expect(await judged({ review: { since }, ticket: { ...asked, ticket: sinceTicket({}).ticket } })).toBe("ok: review");
  // Left out, what the last review told beside the diff would be forgotten.
  expect(await judged({ ticket: { ...asked, ticket: sinceTicket({}).ticket } })).toBe("foreign-journal");
});

test("sessions that make a change have no place in a review", async () => expect(await judged({ keepCode: true })).toBe("not-completed"));

test("an item for a review runs one review with tools that only read, and never classifies or codes", () => {
  const snapshot = { base: "b".repeat(40), tree: "a".repeat(40), manifest: "0".repeat(64), changedFiles: 1 };
  const opened: ItemEvent = { kind: "item_opened", data: { itemId: asked.ticket.item, task: { title: "t", body: "", sha256: "0".repeat(64) }, base: asked.ticket.base, maxReviewRounds: 1, review: { headSha: HEAD, snapshot } } };
  expect(next(foldItem([opened]))).toMatchObject({ kind: "choose-mode", mode: "review-only" });
  const chosen: ItemEvent = { kind: "mode_chosen", data: { mode: "review-only", why: [] } };
  expect(foldItem([opened]).snapshot).toEqual(snapshot);
  expect(next(foldItem([opened, chosen]))).toMatchObject({ kind: "run-session", workflowId: "wr.mr-review", allowedTools: ["read", "glob", "grep"] });
});
