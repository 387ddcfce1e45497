/**
 * Reads the rules that agents are given: the operator's and the repository's own.
 *
 * I9. From the base commit on the default branch only; a rule that the branch under work adds or changes is never read.
 */
import { posix } from "node:path";
import { phaseSchema, type Phase } from "../../record/index.ts";
import type { BaseFile, BaseFiles } from "../../workspace/index.ts";
import { revealHidden } from "../../shared/hidden.ts";
import { ALL_RULES_CHARS, OPERATOR_RULES, RULE_FILE_BYTES, RULE_FILE_CHARS, RULE_PLACES, type RulePlace } from "./rule-files.ts";

export interface Rule {
  /** Whose it is; `phase` is the operator's for one phase. */
  readonly kind: "operator" | "repository" | "phase";
  /** Null when it holds in every phase. */
  readonly phase: Phase | null;
  /** The file's path on one line, or `rules` of the config. */
  readonly source: string;
  readonly text: string;
  /** Characters of the whole when `text` is only its beginning; null when it is all. */
  readonly cutFrom: number | null;
}

export interface Rules {
  readonly rules: readonly Rule[];
  /** What was left out or read only once, in sentences for people. */
  readonly notes: readonly string[];
}

/** @param configured `rules` of the config, in order */
export async function readRules(files: BaseFiles, configured: readonly string[]): Promise<Rules> {
  const operator = await readPlaces(files, [OPERATOR_RULES]);
  const repository = await readPlaces(files, RULE_PLACES);
  const fromConfig = configured.map((text): Rule => ({ kind: "operator", phase: null, source: "rules in .github/worktrain.yml", text: revealHidden(text), cutFrom: null }));
  return {
    rules: [...fromConfig, ...operator.found.map(operatorRule), ...repository.found.map((each): Rule => ({ kind: "repository", phase: null, ...each, source: shownPath(each.source) }))],
    notes: [...operator.notes, ...repository.notes],
  };
}

type Found = Pick<Rule, "source" | "text" | "cutFrom">;

function operatorRule(found: Found): Rule {
  // Only right in the folder: a file further down is for every phase, whatever its name.
  const phase = phaseSchema.safeParse(posix.relative(OPERATOR_RULES.path, found.source).replace(/\.md$/, ""));
  const rule = { ...found, source: shownPath(found.source) };
  return phase.success ? { kind: "phase", phase: phase.data, ...rule } : { kind: "operator", phase: null, ...rule };
}

async function readPlaces(files: BaseFiles, places: readonly RulePlace[]): Promise<{ readonly found: readonly Found[]; readonly notes: readonly string[] }> {
  const listed = await files.find(places.map(({ path }) => path));
  const ordered = places.flatMap((place) => listed.filter((file) => counts(place, file.path)).toSorted((a, b) => (a.path < b.path ? -1 : 1)));
  const found: Found[] = [];
  const notes: string[] = [];
  const seen = new Map<string, string>();
  let room = ALL_RULES_CHARS;
  for (const listing of ordered) {
    const file = listing.kind === "link" ? await follow(files, listing) : listing;
    const known = file === null ? undefined : seen.get(file.oid);
    if (file === null) notes.push(`${shownPath(listing.path)} is a link to nothing in the repository; it is not read.`);
    else if (known !== undefined) notes.push(`${shownPath(listing.path)} says the same as ${shownPath(known)}; it is given once.`);
    else {
      seen.set(file.oid, listing.path);
      const read = await readOne(files, { path: listing.path, file }, room);
      if (typeof read === "string") notes.push(read);
      else if (read !== null) {
        found.push(read);
        room -= read.text.length;
        if (read.cutFrom !== null) notes.push(`Of ${shownPath(read.source)} the first ${read.text.length} of ${read.cutFrom} characters are given.`);
      }
    }
  }
  return { found, notes };
}

/** A place that may be a directory counts as a file too, where there is one of its name. */
const counts = ({ path, endings }: RulePlace, file: string): boolean =>
  file === path || (endings !== undefined && file.startsWith(`${path}/`) && endings.some((ending) => file.endsWith(ending)));

/** Links in a row that are followed. */
const MOST_LINKS = 4;

/** The file that links end at, inside the repository; null if there is none. */
async function follow(files: BaseFiles, link: BaseFile): Promise<BaseFile | null> {
  let file: BaseFile | undefined = link;
  for (let hops = 0; file?.kind === "link" && hops < MOST_LINKS; hops += 1) {
    const target = await files.read(file);
    const path: string = target === null || target === "" || posix.isAbsolute(target) ? "../" : posix.join(posix.dirname(file.path), target);
    if (path.startsWith("../")) return null;
    file = (await files.find([path])).find((each) => each.path === path);
  }
  return file?.kind === "file" ? file : null;
}

/** A path may hold anything but NUL: in a heading, a note or a terminal it stays on one line. */
const shownPath = (path: string): string => (/^[\w./ -]+$/.test(path) ? path : JSON.stringify(path));

/** The rule, a sentence on why it cannot be read, or null when there is nothing in it. */
async function readOne(files: BaseFiles, { path, file }: { readonly path: string; readonly file: BaseFile }, room: number): Promise<Found | string | null> {
  if (file.sizeBytes > RULE_FILE_BYTES) return `${shownPath(path)} has ${file.sizeBytes} bytes, more than the ${RULE_FILE_BYTES} of a rule file; it is not read.`;
  const content = await files.read(file);
  if (content === null) return `${shownPath(path)} is no text in UTF-8; it is not read.`;
  const text = revealHidden(content).trim();
  if (text === "") return null;
  const most = Math.min(RULE_FILE_CHARS, room);
  if (text.length <= most) return { source: path, text, cutFrom: null };
  const kept = wholeLines(text, most);
  return kept === "" ? `${shownPath(path)} is not given: the rule files before it fill the ${ALL_RULES_CHARS} characters there are.` : { source: path, text: kept, cutFrom: text.length };
}

/** The beginning of a text up to the last line that fits; of a line that is too long by itself, its beginning. */
function wholeLines(text: string, most: number): string {
  const part = text.slice(0, Math.max(0, most));
  const end = part.lastIndexOf("\n");
  return (end <= 0 ? part.toWellFormed() : part.slice(0, end)).trimEnd();
}
