/**
 * Work on the same files that other items published and that was merged: commits of the base's history with WorkTrain's trailer. Anybody
 * who may commit can write one, so what they say is data like any commit message; nothing is decided by it.
 */
import { ITEM_TRAILER, parseItemId } from "../../record/index.ts";
import type { BaseFiles, PastCommit } from "../../workspace/index.ts";
import type { Entry } from "./section.ts";

/** Files whose history is looked up: the search grows with them. */
const MOST_FILES = 20;
const MOST_COMMITS = 12;
/** Of one commit. */
const MOST_NAMED = 8;
const WORDS_CHARS = 300;

export interface PublishedWork {
  readonly commit: PastCommit;
  readonly itemId: string;
}

/** Newest first. Null where the history is not at hand, as in a shallow checkout. @param own the item at work, which knows its own commits */
export async function publishedWork(base: Pick<BaseFiles, "history">, files: readonly string[], own: string): Promise<readonly PublishedWork[] | null> {
  const found = await base.history(files.slice(0, MOST_FILES), `${ITEM_TRAILER}: `);
  return found === null ? null : found.flatMap((commit) => itemsOf(commit).filter((itemId) => itemId !== own).slice(0, 1).map((itemId) => ({ commit, itemId }))).slice(0, MOST_COMMITS);
}

/** A squashed merge holds the messages of several commits, so the trailer may stand in the middle. */
const itemsOf = ({ message }: PastCommit): readonly string[] =>
  message.split("\n").flatMap((line) => (line.startsWith(`${ITEM_TRAILER}: `) ? [line.slice(ITEM_TRAILER.length + 2).trim()] : [])).filter((id) => parseItemId(id) !== null);

/** @param known items whose records tell of their sessions themselves */
export const publishedEntries = (work: readonly PublishedWork[], known: ReadonlySet<string>): readonly Entry[] =>
  work
    .filter(({ itemId }) => !known.has(itemId))
    .map(({ commit: { sha, day, message, paths }, itemId }) => {
      const more = paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : "";
      return { title: sha.slice(0, 12), text: `- commit ${sha.slice(0, 12)} of ${day} (work item ${itemId} by its trailer): ${paths.slice(0, MOST_NAMED).join(", ")}${more}. It says: ${saidBy(message)}` };
    });

/** Subject and what follows, without trailers, in one line. */
function saidBy(message: string): string {
  const line = message.split("\n").filter((each) => !/^[A-Z][\w-]*: \S/.test(each) || each === message.split("\n")[0]).join(" ").replace(/\s+/g, " ").trim();
  return line.length <= WORDS_CHARS ? line : `${line.slice(0, WORDS_CHARS).toWellFormed()} ... (${line.length} characters)`;
}
