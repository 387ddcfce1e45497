/** Reads a comment. The first command counts; further ones are named, so that nobody waits for them. */
import type { Refusal } from "../../shared/errors.ts";
import { firstHidden } from "../../shared/hidden.ts";
import { COMMANDS, type Command, type CommandName, type Grammar } from "./grammar.ts";
import { findCommands, type FoundLine } from "./find-commands.ts";
import { columnOf, parseCommandLine, type LineRefusal } from "./parse-line.ts";

export type CommandRefusal = Refusal<LineRefusal["kind"] | "not-alone" | "inside-html"> & {
  /** From 1. */
  readonly line: number;
  /** In characters from 1. */
  readonly column: number;
  /** The line as it was written. */
  readonly text: string;
};

export type ReadComment<Name extends string = CommandName> =
  | { readonly kind: "none" }
  | { readonly kind: "command"; readonly command: Command<Name>; readonly line: number; readonly notDone: readonly number[] }
  | { readonly kind: "refused"; readonly refusal: CommandRefusal; readonly notDone: readonly number[] };

export interface Reading {
  readonly grammar?: Grammar;
  /** By which the App is mentioned; without it only `/worktrain` counts. */
  readonly slug?: string | null;
}

/** @param body a comment as GitHub stores it; any text at all. `notDone` are the lines of further commands */
export function readComment(body: string, reading?: Omit<Reading, "grammar">): ReadComment;
export function readComment(body: string, reading: Reading): ReadComment<string>;
export function readComment(body: string, { grammar = COMMANDS, slug = null }: Reading = {}): ReadComment<string> {
  const [first, ...more] = findCommands(body, slug);
  if (first === undefined) return { kind: "none" };
  const notDone = more.map(({ line }) => line);
  if (first.kind === "refused") return { kind: "refused", refusal: misplaced(first), notDone };
  const parsed = parseCommandLine(first.text, grammar);
  const { line, text } = first;
  return parsed.ok ? { kind: "command", command: parsed.value, line, notDone } : { kind: "refused", refusal: { ...parsed.error, line, text }, notDone };
}

function misplaced({ line, text, why, detail }: Extract<FoundLine, { kind: "refused" }>): CommandRefusal {
  switch (why) {
    case "look-alike": {
      const index = firstHidden(text)?.index ?? firstDifference(text);
      return { kind: why, line, column: columnOf(text, index), text, message: "The line looks like a command, but it does not begin with the plain letters `/worktrain`.", fix: "Type it by hand: all small, in plain Latin letters, at the very start of the line." };
    }
    case "not-alone":
      return { kind: why, line, column: 1, text, message: "The command stands in one paragraph with a quote, list, table, link, code or HTML, and GitHub may show it as part of that.", fix: "Leave an empty line before it, or put it into a comment of its own." };
    case "inside-html":
      return { kind: why, line, column: 1, text, message: `The command stands inside an HTML element, \`<${detail}>\`.`, fix: "Put it into a comment of its own." };
  }
}

function firstDifference(text: string): number {
  const index = [..."/worktrain"].findIndex((character, at) => text[at] !== character);
  return index === -1 ? 0 : index;
}
