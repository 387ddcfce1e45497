/**
 * Packs what a session is to know into a budget of tokens. Pure and deterministic: the same sections give the same bytes.
 *
 * C1. Nothing is cut within an entry and nothing is left out in silence: what does not fit is told with its size and how to get it.
 * C2. What is packed is within the budget, the sections that are always given aside (`share: null`).
 */
import type { ContextRecord } from "../../record/index.ts";
import { sha256Hex } from "../../shared/hash.ts";
import { revealHidden } from "../../shared/hidden.ts";
import { fence } from "../../workflow/index.ts";
import type { Layer } from "../prompt/layer.ts";
import type { Entry, Section } from "./section.ts";
import { estimateTokens } from "./tokens.ts";

export interface Package {
  /** In the order the sections were given in. */
  readonly layers: readonly Layer[];
  readonly record: Omit<ContextRecord, "policy">;
}

/** A package as one session gets it. */
export interface PackedContext {
  readonly layers: readonly Layer[];
  readonly record: ContextRecord;
}

/** Kept free for the word on what one kind of section leaves out (`MOST_TITLES` titles and the rest of the line, by `estimateTokens`). */
const NOTE_TOKENS = 200;
const MOST_TITLES = 2;
const TITLE_CHARS = 40;

interface Packed {
  readonly section: Section;
  readonly taken: readonly Entry[];
  readonly left: readonly Entry[];
}

export function packContext(sections: readonly Section[], budgetTokens: number): Package {
  const packed = fill(sections.map(revealed), budgetTokens);
  const layers = packed.filter(({ taken }) => taken.length > 0).map(({ section, taken }) => layerOf(section, taken));
  const leftOut = leftOutOf(packed);
  const note = leftOut.length === 0 ? [] : [noteOf(leftOut)];
  const told = [...layers, ...note];
  return {
    layers: told,
    record: {
      budgetTokens,
      tokens: told.reduce((sum, { text }) => sum + estimateTokens(text), 0),
      sections: layers.map(({ name, source, text }) => ({ name, source, tokens: estimateTokens(text), sha256: sha256Hex(text) })),
      leftOut,
    },
  };
}

/** Before it is measured: a sign that is not seen takes eight when it is shown. */
const revealed = (section: Section): Section => ({ ...section, entries: section.entries.map(({ title, text }) => ({ title, text: revealHidden(text) })) });

function fill(sections: readonly Section[], budgetTokens: number): readonly Packed[] {
  const kinds = new Set(sections.filter(({ share }) => share !== null).map(({ name }) => name));
  let room = budgetTokens - kinds.size * NOTE_TOKENS;
  const packed = new Map<Section, Packed>();
  for (const section of sections.toSorted((a, b) => a.rank - b.rank)) {
    const most = section.share === null ? Number.POSITIVE_INFINITY : Math.min(room, Math.floor(budgetTokens * section.share));
    const taken: Entry[] = [];
    let size = estimateTokens(section.render([]));
    for (const entry of section.entries) {
      const grown = size + entryTokens(entry);
      if (grown > most) continue;
      taken.push(entry);
      size = grown;
    }
    if (taken.length > 0) room -= size;
    packed.set(section, { section, taken, left: section.entries.filter((entry) => !taken.includes(entry)) });
  }
  return sections.flatMap((section) => packed.get(section) ?? []);
}

/** With its line end, and with the longer fence that a run of backticks in it asks for. */
function entryTokens({ text }: Entry): number {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return estimateTokens(text) + 1 + longest;
}

const layerOf = ({ name, source, trusted, render }: Section, taken: readonly Entry[]): Layer => ({ name, source, trusted, text: render(taken) });

function leftOutOf(packed: readonly Packed[]): ContextRecord["leftOut"] {
  const byName = Map.groupBy(packed.filter(({ left }) => left.length > 0), ({ section }) => section.name);
  return [...byName].map(([name, group]) => {
    const left = group.flatMap((each) => each.left);
    const all = packed.filter(({ section }) => section.name === name).reduce((sum, each) => sum + each.section.entries.length, 0);
    const titles = left.slice(0, MOST_TITLES).map(({ title }) => titleOf(title));
    const more = left.length - titles.length;
    return {
      name,
      what: `${left.length} of ${all}: ${titles.join("; ")}${more === 0 ? "" : ` and ${more} more`}`,
      tokens: left.reduce((sum, entry) => sum + estimateTokens(entry.text), 0),
      why: "over the budget of the package or the section's share of it",
      how: group[0]?.section.how ?? "",
    };
  });
}

const titleOf = (title: string): string => {
  const line = revealHidden(title.replace(/\s+/g, " ").trim());
  return line.length > TITLE_CHARS ? `${line.slice(0, TITLE_CHARS - 1).toWellFormed()}…` : line;
};

/** Titles are others' words, so all of it stands in a fence (I8). */
const noteOf = (leftOut: ContextRecord["leftOut"]): Layer => ({
  name: "left-out",
  source: "WorkTrain",
  text: `# Left out for length\nWhat did not fit, and how you get it when you need it:\n${fence(leftOut.map(({ name, what, tokens, how }) => `${name}, ${what} (about ${tokens} tokens): ${how}`).join("\n"))}`,
  trusted: false,
});
