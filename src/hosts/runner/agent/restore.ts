/**
 * Finds what earlier runs of this work item saved and puts it together, so that this run goes on from there.
 *
 * I1. What comes back is a verified prefix or nothing, and one line says which and what, if anything, is lost.
 * R1. The newest whole state counts: where a segment of it is gone, the next older one, never a part of one (faults 18, 19).
 * R2. Two runs that wrote side by side are never merged (fault 22).
 * R3. What was delivered is part of it: work that does not go on from the last delivery could not be delivered any more.
 */
import { basename } from "node:path";
import { findItemRuns, type RunFacts } from "../../../github/read/index.ts";
import { assembleSegments, byAge, lineFinder, type Assembled, type SegmentRef } from "../../../journal/index.ts";
import { itemStream, type Committed, type EndingCode, type ItemEvent } from "../../../record/index.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { openShelf, type Entry, type Part, type Shelf, type ShelfContext } from "./shelf.ts";

export interface Restored {
  readonly assembled: Assembled;
  /** In chain order, oldest first. */
  readonly refs: readonly SegmentRef[];
  /** How the item was opened: its task, and the commit its work builds on. */
  readonly opening: ItemOpening;
  /** What was found, in one line. */
  readonly found: string;
  /** The run that saved it, and how that said it ended; null when it ended without a word. */
  readonly from: { readonly runId: number; readonly ending: EndingCode | null };
}

type ItemOpening = Extract<ItemEvent, { kind: "item_opened" }>["data"];

export interface RestoreContext extends ShelfContext {
  /** Of the task this run's ticket vouches for; null where the record is only read. */
  readonly textSha256: string | null;
  /** What the item's record ref says was delivered last; null where nothing was. */
  readonly committed: Committed | null;
  /** This run, by GitHub's API. */
  readonly run: RunFacts;
  readonly log: (line: string) => void;
}

/** This repository's earlier runs of the item, newest first. */
export async function earlierRuns(context: RestoreContext): Promise<readonly RunFacts[]> {
  const runs = await findItemRuns(context.github, context.repository, { workflow: basename(context.run.path), word: context.item });
  return runs.filter((run) => isEarlierRunOfOurs(context, run));
}

const isEarlierRunOfOurs = (context: RestoreContext, run: RunFacts): boolean =>
  run.id < context.run.id &&
  run.repositoryId === context.repositoryId &&
  run.headRepositoryId === context.repositoryId &&
  run.path === context.run.path &&
  run.event === "workflow_dispatch" &&
  run.headBranch === context.run.headBranch;

/** The newest saved state of the item from earlier runs; null when there is none that can be used. */
export async function restoreItem(context: RestoreContext, runs: readonly RunFacts[]): Promise<Restored | null> {
  const shelf = await openShelf(context, runs);
  const search = openSearch(shelf);
  for (let head = await search.next(); head !== null; head = await search.next()) {
    const chain = await chainTo(shelf, head);
    const assembled = chain.ok ? assembleSegments(chain.value.map(({ bytes, ref }) => ({ bytes, digest: ref.digest }))) : chain;
    if (!chain.ok || !assembled.ok) {
      search.passOver(head, reasonOf(chain) ?? reasonOf(assembled));
      continue;
    }
    const opening = (await assembled.value.reader.read(itemStream(context.item))).find((event) => event.kind === "item_opened")?.data;
    if (opening === undefined) {
      search.passOver(head, null);
      continue;
    }
    if (context.textSha256 !== null && opening.task.sha256 !== context.textSha256) {
      context.log("What earlier runs saved answers another text of the task and is not used. This run starts anew.");
      return null;
    }
    if (!holdsDelivered(context.committed, assembled.value)) {
      search.passOver(head, "it does not go on from what was delivered last"); // R3
      continue;
    }
    const found = foundWords(chain.value, assembled.value, search.report(head));
    context.log(found);
    // Above every epoch that was seen, so that what could not be used is not taken for this run's (R2).
    const epoch = Math.max(assembled.value.epoch, search.highestEpoch());
    return { assembled: { ...assembled.value, epoch }, refs: chain.value.map(({ ref }) => ref), opening, found, from: { runId: head.ref.runId, ending: head.entry.name.ending } };
  }
  const { lost } = search.report(null);
  if (lost.length > 0) context.log(`Nothing of what earlier runs saved can be used (${segments(lost.length)}; the newest: ${lost[0] ?? ""}). This run starts anew.`);
  return null;
}

function holdsDelivered(committed: Committed | null, { lines }: Assembled): boolean {
  const holds = lineFinder(lines);
  return committed === null || Object.entries(committed.heads).every(([stream, head]) => holds(stream, head));
}

const reasonOf = (result: Result<unknown, { readonly message: string }>): string | null => (result.ok ? null : result.error.message);

/** Follows `previous` back to a segment that goes on from nothing. */
async function chainTo(shelf: Shelf, head: Part): Promise<Result<readonly Part[], { readonly message: string }>> {
  const chain: Part[] = [head];
  for (let { previous } = head.segment; previous !== null; ) {
    const entry = shelf.find(previous);
    if (entry === null) return err({ message: `segment ${previous.slice(0, 12)}, which it goes on from, is not there any more` });
    const part = await shelf.load(entry);
    if (!part.ok) return err({ message: part.error });
    chain.unshift(part.value);
    ({ previous } = part.value.segment);
  }
  return ok(chain);
}

interface Report {
  /** Why each newer segment could not be used, in words, the newest first. */
  readonly lost: readonly string[];
  /** Runs that wrote side by side with the one that is gone on from. */
  readonly beside: readonly number[];
}

/** What is left of one run attempt's segments, the newest first; `head` is the first of them that can be read. */
interface Group {
  entries: readonly Entry[];
  head: Part | null;
}

/** Looks through the segments from the newest on; of each run only those are loaded that have to be. */
function openSearch(shelf: Shelf) {
  const groups = shelf.groups.map((entries): Group => ({ entries, head: null }));
  const lost: string[] = [];
  let highestEpoch = 1;

  const lookAt = async (group: Group): Promise<Part | null> => {
    for (let [entry] = group.entries; group.head === null && entry !== undefined; [entry] = group.entries) {
      const part = await shelf.load(entry);
      if (part.ok) {
        group.head = part.value;
        highestEpoch = Math.max(highestEpoch, part.value.segment.epoch);
      } else {
        lost.push(part.error);
        group.entries = group.entries.slice(1);
      }
    }
    return group.head;
  };

  return {
    /** The newest segment that was not passed over; null when there is none left. */
    async next(): Promise<Part | null> {
      const heads: Part[] = [];
      for (const group of groups) {
        const head = await lookAt(group);
        if (head !== null) heads.push(head);
      }
      return heads.toSorted((a, b) => byAge(a.segment, b.segment))[0] ?? null;
    },
    /** @param why null when nothing is lost with it */
    passOver(head: Part, why: string | null): void {
      if (why !== null) lost.push(`${head.ref.name}: ${why}`);
      for (const group of groups.filter((each) => each.head === head)) {
        group.entries = group.entries.slice(1);
        group.head = null;
      }
    },
    highestEpoch: () => highestEpoch,
    report(chosen: Part | null): Report {
      // A run that saved its probe only wrote nothing.
      const rivals = groups.flatMap(({ head, entries }) => (head !== null && head !== chosen && entries.length > 1 ? [head] : []));
      return { lost, beside: rivals.flatMap(({ segment }) => (segment.epoch === chosen?.segment.epoch && segment.runId !== chosen.segment.runId ? [segment.runId] : [])) };
    },
  };
}

const segments = (count: number): string => (count === 1 ? "1 segment" : `${count} segments`);

function foundWords(chain: readonly Part[], { lines }: Assembled, { lost, beside }: Report): string {
  const found = `Going on from run ${chain.at(-1)?.ref.runId ?? 0}: ${lines.length} events in ${segments(chain.length)}`;
  const loss = lost.length === 0 ? "nothing of it is lost" : `lost, and done again, is what came after (${segments(lost.length)}; ${lost[0] ?? ""})`;
  const forks = beside.length === 0 ? "" : ` What run ${beside.join(" and run ")} wrote at the same time is left aside.`;
  return `${found}; ${loss}.${forks}`;
}
