/** What the App answers to a command in a comment. Pure. The person's own words come back as code, neutralised: they act on nothing. */
import { revealHidden } from "../shared/hidden.ts";
import { quote } from "./markdown.ts";
import { neutralise } from "./neutralise.ts";

export interface CommandAnswer {
  /** Login of who asked; null where that is not known any more. */
  readonly to: string | null;
  readonly refusal: {
    readonly message: string;
    readonly fix: string;
    /** One line each; may be empty. */
    readonly details: readonly string[];
    /** The place in the comment; null where the command itself is right. */
    readonly place: { readonly line: number; readonly column: number; readonly text: string } | null;
  } | null;
  /** Markdown of ours that answers the command; null for none. */
  readonly said: string | null;
  /** Lines of the comment that hold further commands. */
  readonly notDone: readonly number[];
}

/** The comment, marker first; null when there is nothing to say. */
export function commandAnswer(marker: string, { to, refusal, said, notDone }: CommandAnswer): string | null {
  const parts = [
    ...(refusal === null ? [] : [to === null ? "### WorkTrain did not do this" : `### WorkTrain did not do what \`${to}\` asked for`, ...placed(refusal.place), quote(refusal.message), ...(refusal.details.length === 0 ? [] : [quote(refusal.details.join("\n"))]), `**What to do:** ${refusal.fix}`]),
    ...(said === null ? [] : [said]),
    ...(notDone.length === 0 ? [] : [`Only the first command of a comment counts. Not done: ${notDone.length === 1 ? "line" : "lines"} ${notDone.slice(0, 20).join(", ")}. Write it in a comment of its own.`]),
  ];
  return parts.length === 0 ? null : [marker, ...parts].join("\n\n");
}

/** Characters of the line that are shown before and behind the place. */
const BEFORE = 60;
const BEHIND = 30;

/** An indented block: no content can close it. */
function placed(place: NonNullable<CommandAnswer["refusal"]>["place"]): readonly string[] {
  if (place === null) return [];
  const characters = [...place.text];
  const from = Math.max(0, place.column - 1 - BEFORE);
  const to = place.column - 1 + BEHIND;
  const shown = (part: readonly string[]): string => neutralise(revealHidden(part.join("")).replaceAll(/[\t\r\n]/g, " "));
  const before = `${from > 0 ? "..." : ""}${shown(characters.slice(from, place.column - 1))}`;
  const behind = `${shown(characters.slice(place.column - 1, to))}${characters.length > to ? "..." : ""}`;
  return [`Line ${place.line}, column ${place.column}:`, `    ${before}${behind}\n    ${" ".repeat([...before.replaceAll("\u2060", "")].length)}^`];
}
