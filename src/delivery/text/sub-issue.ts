import type { Ticket } from "../../github/trust/index.ts";
import { MAX_COMMENT_CHARS } from "../../github/write/index.ts";
import type { SubTask } from "../../engine/pipeline/index.ts";
import { code, cut, neutraliseLine, plain, quote } from "../../report/index.ts";
import type { Redact } from "../../shared/redact.ts";
import type { Intent, SubIssueIntent } from "../intents.ts";
import { subIssueMarker } from "../names.ts";
import { clip } from "./commit-message.ts";

/** GitHub refuses longer titles with 422 (P-title-size). */
const MAX_TITLE_CHARS = 256;
const MAX_LINE_CHARS = 1_000;

export interface Cutting {
  readonly ticket: Ticket;
  readonly pieces: readonly SubTask[];
  readonly runUrl: string;
  readonly redact: Redact;
}

/** One intent a piece. Every line of a piece's own words is neutralised: no mention, reference, command or marker in it acts (attack 8). */
export const subIssueIntents = (cutting: Cutting): readonly Intent[] => cutting.pieces.map((piece, index) => subIssueIntent(cutting, piece, index));

function subIssueIntent({ ticket, pieces, runUrl, redact }: Cutting, piece: SubTask, index: number): SubIssueIntent {
  const after = piece.dependsOn.flatMap((each) => pieces[each]?.title ?? []);
  const parts = [
    `Part ${index + 1} of ${pieces.length} of #${ticket.issueNumber}, cut by WorkTrain in [this run](${runUrl}) and approved by ${code(ticket.trigger.actor.login)}.`,
    after.length === 0 ? "" : `**Comes after**\n${after.map((title) => `- ${line(title)}`).join("\n")}`,
    quote(piece.body),
    list("Done when", piece.acceptance),
    list("Not part of it", piece.outOfScope),
    list("Open questions", piece.questions),
  ].filter((part) => part !== "");
  const body = `${subIssueMarker(ticket.item, index + 1)}\n${cut(redact(parts.join("\n\n")), MAX_COMMENT_CHARS - 300, `*Cut here. The whole record is in [the run](${runUrl}).*`)}`;
  return { kind: "sub-issue", parent: ticket.issueNumber, place: index + 1, title: clip(redact(neutraliseLine(piece.title, `Part ${index + 1} of issue ${ticket.issueNumber}`)), MAX_TITLE_CHARS), body };
}

const line = (text: string): string => clip(plain(text), MAX_LINE_CHARS);
const list = (title: string, items: readonly string[]): string => (items.length === 0 ? "" : `**${title}**\n${items.map((item) => `- ${line(item)}`).join("\n")}`);

/** The sub-issues in the order in which they can be done, for the parent's comment. @param made their numbers on GitHub, in that order */
export const subIssueList = (pieces: readonly SubTask[], made: readonly string[]): string =>
  pieces.map(({ dependsOn }, index) => `${index + 1}. #${made[index] ?? "?"}${dependsOn.length === 0 ? "" : ` (after ${dependsOn.map((each) => `#${made[each] ?? "?"}`).join(", ")})`}`).join("\n");
