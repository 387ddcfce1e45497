import { code, counted, cut, findingsTable, formatCost, neutraliseLine, noticesOf, plain, quote, sessionTable, type ItemView } from "../../report/index.ts";
import { taskKeyMarker, taskKeyOf } from "../../record/task-key.ts";
import { statementText } from "../../workflow/index.ts";
import { marker } from "../names.ts";
import { clip } from "./commit-message.ts";
import type { Delivery } from "./delivery.ts";
import { proofBlock } from "./proof-block.ts";
import { ended, MAX_OWN_CHARS } from "./renewed-body.ts";
import { fillTemplate, MAX_TEMPLATE_CHARS, type Sections } from "./template.ts";

/** GitHub refuses longer titles of pull requests with 422 (P-title-size). */
const MAX_TITLE_CHARS = 256;
/** Room for what the session says about its change; the rest of the body is ours and bounded. */
const MAX_WORDS_CHARS = 20_000;
const MAX_TABLE_CHARS = 12_000;

export function pullRequestTitle({ view, ticket, redact }: Delivery): string {
  const title = view.handoff?.prTitle ?? view.handoff?.commitSubject ?? view.opening?.task.title ?? "";
  return clip(redact(neutraliseLine(title, `Work on issue ${ticket.issueNumber}`)), MAX_TITLE_CHARS);
}

/**
 * The body: what was asked, what was done, who vouches for what, what it took. Quoted lines are the session's or the
 * issue's own words; all other lines are ours. Cut with a note (fault 47), so that people have room for words of their own.
 */
export function pullRequestBody(delivery: Delivery): string {
  const { ticket, redact } = delivery;
  const footer = footerOf(delivery);
  const head = `${marker("pull-request", ticket)}\n${taskKeyLine(delivery)}Fixes #${ticket.issueNumber}\n`;
  const proof = redact(`### How it was verified\n${proofBlock(delivery.recorded)}`);
  const part = (texts: readonly string[], room: number): string => cut(redact(texts.filter((text) => text !== "").join("\n\n")), room, `*Cut here. The whole record is in [the run](${delivery.runUrl}).*`);
  const room = MAX_OWN_CHARS - head.length - proof.length - footer.length - 8;
  if (usable(delivery)) return ended(`${head}\n${inTemplate(delivery, { proof, part, room })}\n\n${footer}`);
  const words = part([asked(delivery), done(delivery)], Math.floor(room / 2));
  const rest = part([reviewed(delivery), took(delivery), mind(delivery)], room - words.length);
  return ended(`${head}\n${words}\n\n${proof}\n\n${rest}\n\n${footer}`);
}

const usable = ({ template }: Delivery): boolean => template !== null && template.trim() !== "" && template.length <= MAX_TEMPLATE_CHARS;

/** Our sections under the template's headings where it has one for them, the others below it under our own; the same words either way. */
function inTemplate(delivery: Delivery, { proof, part, room }: { readonly proof: string; readonly part: (texts: readonly string[], room: number) => string; readonly room: number }): string {
  const template = delivery.redact(delivery.template ?? "");
  // Word joiners make it longer, at most by as much again.
  const left = room - template.length * 2;
  const why = part([asked(delivery)], Math.floor(left / 6));
  const what = part([done(delivery)], Math.floor(left / 3));
  const notes = part([mind(delivery)], Math.floor(left / 6));
  const sections: Sections = { why, what, testing: proof, notes };
  const { text, unplaced } = fillTemplate(template, sections, delivery.recorded.gates.some(({ gate, result }) => gate === "verified" && result === "holds"));
  const rest = part([reviewed(delivery), took(delivery)], left - why.length - what.length - notes.length - 20);
  return [text, ...unplaced.map((name) => sections[name]), rest].join("\n\n");
}

/** By it a later run finds that the same work is here already. */
function taskKeyLine({ view }: Delivery): string {
  const taskKey = taskKeyOf(view.classification?.deduplicationKey ?? "");
  return taskKey === null ? "" : `${taskKeyMarker(taskKey)}\n`;
}

const ASKED = { "issues.labeled": "labelled by", "issues.assigned": "assigned by", "issues.opened": "asked for in its text by", issue_comment: "gone on with at the word of", "pull_request.labeled": "labelled by", pull_request: "pushed by", check_run: "asked for by", pull_request_review: "worked on again at the word of", pull_request_review_comment: "worked on again at the word of", push: "merged with a newer base for" } as const;

function asked({ view, ticket }: Delivery): string {
  const title = plain(view.opening?.task.title ?? "");
  const interpretation = view.classification?.interpretation;
  const understood = interpretation === undefined ? "" : `\n\nHow it was understood:\n${quote(clip(interpretation, 2_000))}`;
  const how = ticket.command === "run" && ticket.trigger.kind === "issue_comment" ? "started in a comment by" : ASKED[ticket.trigger.kind];
  const beside = ticket.wish?.goal === undefined ? "" : `\n\nAsked for beside the issue's text:\n${quote(ticket.wish.goal)}`;
  return `### What was asked\n#${ticket.issueNumber} (${title}), ${how} ${code(ticket.trigger.actor.login)}.${beside}${understood}`;
}

function done(delivery: Delivery): string {
  const { view, runUrl } = delivery;
  const handoff = view.handoff;
  const words = cut(handoff?.prBody ?? handoff?.commitSubject ?? "", MAX_WORDS_CHARS, `(cut; the whole text is in the run's record)`);
  const lists = [
    list("Decisions", handoff?.keyDecisions),
    list("Assumptions corrected", handoff?.correctedAssumptions?.map(statementText)),
    list("Tests added", handoff?.testsAdded),
    list("Known limits", handoff?.knownLimitations),
    list("Side effects", handoff?.sideEffects),
  ].filter((text) => text !== "");
  const said = words.trim() === "" ? `The session left no description; see the diff and [the run](${runUrl}).` : quote(words);
  return [`### What was done\n${said}`, ...lists].join("\n\n");
}

const MAX_LIST_ITEMS = 20;

function list(title: string, items: readonly string[] | undefined): string {
  if (items === undefined || items.length === 0) return "";
  const more = items.length > MAX_LIST_ITEMS ? `\n- (${items.length - MAX_LIST_ITEMS} more in the run's record)` : "";
  return `**${title}**\n${items.slice(0, MAX_LIST_ITEMS).map((item) => `- ${clip(plain(item), 500)}`).join("\n")}${more}`;
}

function reviewed({ view }: Delivery): string {
  const rounds = `${counted(view.reviewRounds, "round")} of review by sessions that did not write the change`;
  const table = findingsTable(view);
  const fixed = view.findings.filter((finding) => finding.fate === "gone").length;
  const counts = view.findings.length === 0 ? "no findings" : `${counted(view.findings.length, "finding")}, ${fixed} not found again after a fix`;
  return `### Review\n${rounds}: ${counts}.${table === "" ? "" : `\n\n${cut(table, MAX_TABLE_CHARS, "*More findings are in the run's record.*")}`}`;
}

/** The table is folded: an item with helpers has dozens of rows, and behind them stands what has to be minded. */
const took = ({ view, ticket }: Delivery): string =>
  `### What it took\n${formatCost(view)}, of at most $${ticket.caps.costUsd}, ${counted(view.turns, "model turn")}.\n\n<details><summary>Each session</summary>\n\n${cut(sessionTable(view), MAX_TABLE_CHARS, "*More sessions are in the run's record.*")}\n\n</details>`;

function mind(delivery: Delivery): string {
  const long = (delivery.template?.length ?? 0) > MAX_TEMPLATE_CHARS ? [`The repository's pull request template has more than ${MAX_TEMPLATE_CHARS} characters and is left out.`] : [];
  const lines = [...delivery.notes, ...long, ...noticed(delivery.view), ...unsupported(delivery)];
  return lines.length === 0 ? "" : `### Mind\n${lines.map((line) => `- ${line}`).join("\n")}`;
}

/** What the record shows that a reviewer should know, as lines of Markdown. */
export const noticed = (view: ItemView): readonly string[] =>
  noticesOf(view).map(({ what, said, detail, strong }) => (strong ? `**${what}** ${detail}` : `${what}: ${clip(plain(said ?? detail), 500)}`));

function unsupported({ change }: Delivery): readonly string[] {
  const named = change.unsupported.slice(0, 50).map(({ path, reason }) => `${code(path)} differs and is **not** in this pull request: ${plain(reason)}`);
  const more = change.unsupported.length - named.length;
  return more > 0 ? [...named, `${more} more paths differ and are **not** in this pull request.`] : named;
}

const footerOf = ({ ticket, view, runUrl, reportUrl, change }: Delivery): string =>
  `---\nMade by WorkTrain${madeWith(view)} for ${code(ticket.item)}, at the word of ${code(ticket.trigger.actor.login)}, in [this run](${runUrl})${reportUrl === null ? "" : ` ([the report](${reportUrl}) of the work, as the agent job tells it)`}, on base ${code(change.base)}. The whole record is in the run's artifacts. Quoted lines are a session's words.`;

/** The models that worked on it, as its sessions name them. */
function madeWith({ sessions, helpers }: ItemView): string {
  const models = [...new Set([...sessions, ...helpers].flatMap((session) => session.models))];
  return models.length === 0 ? "" : ` with ${models.slice(0, 5).map((model) => code(clip(model, 60))).join(", ")}`;
}
