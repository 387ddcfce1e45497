import type { Ticket } from "../../github/trust/index.ts";
import { MAX_COMMENT_CHARS } from "../../github/write/index.ts";
import { code, cut, findingsTable, formatCost, quote, type ItemView } from "../../report/index.ts";
import { ENDING_WORDS, type After } from "../../report/ending-words.ts";
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
  /** How the run ends for the App; `ready`: the work is done, and publishing it was refused. */
  readonly ending: EndingCode;
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

const ANEW = "To start it again, write `/worktrain run` in a new comment, or remove the label and add it again: that is a new attempt, on the text of the issue, the branch and the configuration as they are then.";
/** What a person can type; where a run waits, or nothing is left to do, the reason's own words say it. */
const AFTER: Readonly<Record<After, string>> = {
  retry: `\n\n${ANEW} \`/worktrain retry\` goes back in this one to before its latest phase, \`/worktrain retry PHASE\` to before that one, on the text and the rules it began with. \`/worktrain resume\` does not go on with an attempt that has stopped.`,
  anew: `\n\n${ANEW} This one is over: neither \`/worktrain resume\` nor \`/worktrain retry\` goes on with it.`,
  resume: "",
  none: "",
};
/** The work is done and could not be published. */
const SAVED = "\n\nWhat was done is saved. Once the cause is mended, `/worktrain resume` in a new comment publishes it; so does removing the label and adding it again.";

function onward({ ending, ticket }: Said): string {
  if (ending === "ready") return SAVED;
  const { after } = ENDING_WORDS[ending];
  if (ticket.review === undefined) return AFTER[after];
  return after === "retry" || after === "anew" ? "\n\nTo have the pull request reviewed again, remove the label and add it again." : "";
}

/** The comment's body, marker first. */
export function commentBody(said: Said): string {
  const { ticket, redact, runUrl, reportUrl, view } = said;
  const note = `*Cut here. The whole record is in [the run](${runUrl}).*`;
  const parts = [
    `**${said.headline}** (${code(said.code)})`,
    said.made ?? "",
    quote(cut(said.message, MAX_MESSAGE_CHARS, "(cut)")),
    `What to do:\n${quote(said.fix)}${onward(said)}`,
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
