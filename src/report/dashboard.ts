/**
 * The text of the dashboard issue: what is at work, what waits, what ended, each with a box to tick as its control. Pure, and read back:
 * a ticked box is found by the hidden words beside it, never by what is seen.
 */
import { box, tickedBoxes } from "./boxes.ts";
import { isGate } from "./status-comment.ts";
import { isAtWork, type StatusMarker } from "./status-marker.ts";

/** First line of the issue's text. */
export const DASHBOARD_MARKER = "<!-- worktrain:dashboard -->";
export const DASHBOARD_TITLE = "WorkTrain dashboard";
/** By which the App finds it again; that its own account wrote it is checked as well. */
export const DASHBOARD_LABEL = "worktrain:dashboard";

/** One labelled issue with the App's status comment on it. */
export interface DashboardEntry {
  readonly marker: StatusMarker;
  /** Address of that comment. */
  readonly url: string;
  /** Its heading, without the marks of one; the App's own words. */
  readonly headline: string;
}

/** What a ticked box asks for. */
export type DashboardWish = { readonly kind: "go-on"; readonly issueNumber: number } | { readonly kind: "refresh" };

const GROUPS: readonly { readonly heading: string; readonly whileStopped?: string; readonly holds: (marker: StatusMarker) => boolean }[] = [
  { heading: "At work", holds: isAtWork },
  { heading: "Waits for a person", holds: ({ state, due }) => state === "interrupted" && due === undefined },
  { heading: "Tried again by itself", whileStopped: "Tried again by itself when work may go on", holds: ({ state, due }) => state === "interrupted" && due !== undefined },
  { heading: "Did not start", holds: ({ state }) => state === "refused" },
  { heading: "Over, and still labelled", holds: ({ state }) => state === "ended" },
];

/** Entries of one group that are listed; a text on GitHub has at most 65,536 characters (P-comment-size), and nobody reads more. */
const MOST_LISTED = 50;

/** @param stoppedBy what has the label that stops everything, or the config, or null */
export function dashboardText(entries: readonly DashboardEntry[], stoppedBy: number | "config" | null = null): string {
  const isStopped = stoppedBy !== null;
  const groups = GROUPS.flatMap(({ heading, whileStopped, holds }) => {
    const those = entries.filter(({ marker }) => holds(marker)).toSorted((a, b) => b.marker.issueNumber - a.marker.issueNumber);
    const more = those.length - MOST_LISTED;
    return those.length === 0 ? [] : [`### ${isStopped ? (whileStopped ?? heading) : heading} (${those.length})`, [...those.slice(0, MOST_LISTED).map((entry) => line(entry, isStopped)), ...(more > 0 ? [`- and ${more} older`] : [])].join("\n")];
  });
  return [
    DASHBOARD_MARKER,
    "What WorkTrain does in this repository. Boxes are controls for people with write permission: tick one, and it is done and unticked. Close this issue and it is not kept up any more; reopen it and it is.",
    ...(isStopped ? [`**Everything is stopped** by ${stoppedBy === "config" ? "`enabled: false` in .github/worktrain.yml" : `the label \`worktrain:stop\` on #${stoppedBy}`}: nothing is started, gone on with or tried again before that is taken back.`] : []),
    ...(groups.length === 0 ? ["No open issue with the start label has been worked on."] : groups),
    box("refresh", "Bring this up to date now"),
  ].join("\n\n");
}

/** While everything is stopped nothing can be gone on with, so there is no box for it. */
function line({ marker, url, headline }: DashboardEntry, isStopped: boolean): string {
  const { issueNumber, state, attempt, at } = marker;
  const atGate = at !== null && isGate(at.slice(at.indexOf(".") + 1));
  const isOver = state === "ended" || state === "refused";
  const place = isOver || at === null ? "" : atGate ? ", at a gate: answer it there" : `, at \`${at}\``;
  const told = `#${issueNumber}: ${headline} (attempt ${attempt}${place}) · [status](${url})`;
  // A gate is answered with a command that names it; a box says too little of what is approved.
  return state === "interrupted" && !atGate && !isStopped ? box(`go-on ${issueNumber}`, `Go on with ${told}`) : `- ${told}`;
}

/** The controls that are ticked, each once, in the order of the text. */
export const tickedIn = (text: string): readonly DashboardWish[] =>
  tickedBoxes(text).flatMap((control): readonly DashboardWish[] => {
    if (control === "refresh") return [{ kind: "refresh" }];
    const [, number] = /^go-on ([1-9]\d{0,9})$/.exec(control) ?? [];
    return number === undefined ? [] : [{ kind: "go-on", issueNumber: Number(number) }];
  });
