import type { Ticket } from "../../github/trust/index.ts";
import { MAX_COMMENT_CHARS } from "../../github/write/index.ts";
import { code, cut, findingsTable, formatCost, quote, type ItemView } from "../../report/index.ts";
import type { EndingCode } from "../../record/index.ts";
import type { Redact } from "../../shared/redact.ts";
import { marker } from "../names.ts";

/** Words for people about an item that ended without a pull request. */
export interface Said {
  readonly ticket: Ticket;
  /** What happened, e.g. `WorkTrain stopped`; ours, Markdown. */
  readonly headline: string;
  /** A code of a closed list, shown for support. */
  readonly code: string;
  /** May hold a model's or a tool's words. */
  readonly message: string;
  readonly fix: string;
  /** Null when the journal itself is not trusted: then nothing of it is repeated. */
  readonly view: ItemView | null;
  /** Ours, Markdown: what was made on GitHub. */
  readonly made?: string | undefined;
  readonly runUrl: string;
  /** The agent job's report as a page; null where it left none. */
  readonly reportUrl: string | null;
  readonly redact: Redact;
}

const MAX_MESSAGE_CHARS = 8_000;
const MAX_TABLE_CHARS = 12_000;

/** Ends of a run that leave the item open, or nothing to start again for: their own words say how it goes on. */
const STAYS_OPEN: ReadonlySet<string> = new Set<EndingCode>(["awaiting-approval", "waiting-for-artifacts", "completed", "decomposed", "reviewed", "fenced"]);
const AGAIN = "\n\nTo start it again, remove the label and add it again: that is a new attempt, on the text of the issue and the branch as they are then. Once an attempt is over, `/worktrain resume` does not go on with it.";

/** The comment's body, marker first. */
export function commentBody(said: Said): string {
  const { ticket, redact, runUrl, reportUrl, view } = said;
  const note = `*Cut here. The whole record is in [the run](${runUrl}).*`;
  const parts = [
    `**${said.headline}** (${code(said.code)})`,
    said.made ?? "",
    quote(cut(said.message, MAX_MESSAGE_CHARS, "(cut)")),
    `What to do:\n${quote(said.fix)}${STAYS_OPEN.has(said.code) ? "" : AGAIN}`,
    ...(view === null ? [] : details(view)),
    `[The run](${runUrl})${reportUrl === null ? "" : ` · [The report](${reportUrl}) of the work, as the agent job tells it`}`,
  ].filter((part) => part !== "");
  return `${marker("comment", ticket)}\n${cut(redact(parts.join("\n\n")), MAX_COMMENT_CHARS - 300, note)}`;
}

function details(view: ItemView): readonly string[] {
  const ambiguities = view.classification?.ambiguities ?? [];
  const open = { ...view, findings: view.findings.filter((finding) => finding.fate === "open" || finding.fate === "repeated") };
  return [
    ambiguities.length === 0 ? "" : `Open questions about the issue:\n${quote(ambiguities.map((question) => `- ${question.replace(/\s+/g, " ")}`).join("\n"))}`,
    open.findings.length === 0 ? "" : cut(findingsTable(open), MAX_TABLE_CHARS, "*More findings are in the run's record.*"),
    view.turns === 0 ? "" : `It took ${view.turns} model turns and ${formatCost(view)}. The record is kept in the run's artifacts.`,
  ];
}
