/**
 * Files that a task means without naming their paths: they define or use a name it holds, or have its words in their own names.
 * Code looks, bounded; no model does. A guess costs a line of the package, and each says why it is one.
 */
import { posix } from "node:path";
import type { BaseFile, BaseFiles } from "../../workspace/index.ts";
import { identifiersIn, partsOfName, stemOf, wordsIn } from "./words.ts";

/** A text that may name files: the task's, or a typed result's. */
export interface Said {
  /** As in "named in X". */
  readonly by: string;
  readonly text: string;
}

export interface GuessedFile {
  readonly path: string;
  readonly why: readonly string[];
}

const MOST_GUESSES = 10;
/** What is found in more files than this tells none of them apart. */
const MOST_OF_A_TERM = 8;
/** A single word in a file's name is enough, one that only symbols share is not. */
const LEAST_SCORE = 3;
/** Made or locked by programs, or somebody else's. */
const NOT_WRITTEN_HERE = /(?:^|\/)(?:node_modules|dist|build|out|target|third_party)\/|(?:\.min\.\w+|\.map|\.snap|\.lock|-lock\.\w+)$/;

/** What stands before a name where it is defined, in the languages most repositories are in. */
const DEFINES = "(function[*]?|class|def|func|func [(][^)]*[)]|fn|fun|interface|type|struct|enum|trait|module|export const|export let|export default function|#define)[[:space:]]+";

const byBase = new WeakMap<BaseFiles, Map<string, Promise<readonly GuessedFile[]>>>();

/** The likeliest first. Looked up once for a base and its texts: every session of an item asks. */
export function guessedFiles(said: readonly Said[], base: BaseFiles, listed: readonly BaseFile[]): Promise<readonly GuessedFile[]> {
  const known = byBase.get(base) ?? new Map<string, Promise<readonly GuessedFile[]>>();
  byBase.set(base, known);
  const key = JSON.stringify(said);
  const guesses = known.get(key) ?? guess(said, base, listed);
  known.set(key, guesses);
  return guesses;
}

interface Clue {
  readonly path: string;
  /** What it follows from: of several clues of one term the best counts, so that a long file of like names is not the likeliest. */
  readonly term: string;
  readonly score: number;
  readonly why: string;
}

async function guess(said: readonly Said[], base: BaseFiles, listed: readonly BaseFile[]): Promise<readonly GuessedFile[]> {
  const paths = new Set(listed.flatMap(({ path, kind }) => (kind === "file" && !NOT_WRITTEN_HERE.test(path) ? [path] : [])));
  const names = firstSayer(said, identifiersIn, (name) => name);
  const words = firstSayer(said, wordsIn, stemOf);
  const clues = [...(await byIdentifiers(names, base)), ...byFileNames(words, paths), ...(await bySymbols(words, names, base))].filter(({ path }) => paths.has(path));
  const whole = [...Map.groupBy(clues, ({ path }) => path)].map(([path, own]) => ({ path, why: reasonsOf(own), score: scoreOf(own) }));
  return whole.filter(({ score }) => score >= LEAST_SCORE).toSorted((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1)).slice(0, MOST_GUESSES).map(({ path, why }) => ({ path, why }));
}

const scoreOf = (clues: readonly Clue[]): number => [...Map.groupBy(clues, ({ term }) => term).values()].reduce((sum, own) => sum + Math.max(...own.map(({ score }) => score)), 0);

const MOST_REASONS = 3;
function reasonsOf(clues: readonly Clue[]): readonly string[] {
  const all = [...new Set(clues.toSorted((a, b) => b.score - a.score).map(({ why }) => why))];
  return all.length <= MOST_REASONS ? all : [...all.slice(0, MOST_REASONS), `and ${all.length - MOST_REASONS} more reasons`];
}

interface Term {
  readonly text: string;
  readonly by: string;
}

/** Each term with who said it first. */
function firstSayer(said: readonly Said[], read: (text: string) => readonly string[], keyOf: (term: string) => string): ReadonlyMap<string, Term> {
  const terms = new Map<string, Term>();
  for (const { by, text } of said) for (const term of read(text)) if (!terms.has(keyOf(term))) terms.set(keyOf(term), { text: term, by });
  return terms;
}

async function byIdentifiers(names: ReadonlyMap<string, Term>, base: BaseFiles): Promise<readonly Clue[]> {
  if (names.size === 0) return [];
  const found = (await base.search(`(${DEFINES})?(${[...names.keys()].join("|")})`, { ignoreCase: false })) ?? [];
  const uses = found.flatMap(({ path, text }) => {
    const name = /\w+$/.exec(text)?.[0] ?? "";
    const term = names.get(name);
    return term === undefined ? [] : [{ path, name, defines: text !== name, by: term.by }];
  });
  return [...Map.groupBy(uses, ({ name }) => name).values()].flatMap((own) => {
    const isTelling = (some: typeof own): boolean => new Set(some.map(({ path }) => path)).size <= MOST_OF_A_TERM;
    const [defined, mentioned] = [isTelling(own.filter(({ defines }) => defines)), isTelling(own)];
    return [...Map.groupBy(own, ({ path }) => path)].flatMap(([path, [first, ...rest]]) => {
      if (first === undefined) return [];
      const defines = [first, ...rest].some((each) => each.defines);
      return (defines ? defined : mentioned) ? [{ path, term: first.name, score: defines ? 8 : 3, why: `${defines ? "defines" : "mentions"} ${first.name}, named in ${first.by}` }] : [];
    });
  });
}

function byFileNames(words: ReadonlyMap<string, Term>, paths: ReadonlySet<string>): readonly Clue[] {
  const clues = [...paths].flatMap((path) => [...new Set(partsOfName(posix.basename(path).replace(/\.[^.]+$/, "")).map(stemOf))].flatMap((stem) => hit(path, words.get(stem))));
  return telling(clues).map(({ path, term }) => ({ path, term: term.text, score: 3, why: `has a word of ${term.by} in its name (${term.text})` }));
}

/** By definitions whose names are made of the words. */
async function bySymbols(words: ReadonlyMap<string, Term>, named: ReadonlyMap<string, Term>, base: BaseFiles): Promise<readonly Clue[]> {
  const stems = [...words.keys()].filter((stem) => /^[a-z]{3,}$/.test(stem));
  if (stems.length === 0) return [];
  const found = (await base.search(`${DEFINES}[A-Za-z0-9_]*(${stems.join("|")})[A-Za-z0-9_]*`, { ignoreCase: true })) ?? [];
  const hits = found.flatMap(({ path, text }) => {
    const name = /\w+$/.exec(text)?.[0] ?? "";
    return (named.has(name) ? [] : partsOfName(name)).flatMap((part) => hit(path, words.get(stemOf(part))).map((each) => ({ ...each, name })));
  });
  return telling(hits).map(({ path, term, name }) => ({ path, term: term.text, score: 2, why: `defines ${name} (${term.text}, a word of ${term.by})` }));
}

const hit = (path: string, term: Term | undefined): readonly { readonly path: string; readonly term: Term }[] => (term === undefined ? [] : [{ path, term }]);

/** Without those of words that are everywhere. */
const telling = <Hit extends { readonly path: string; readonly term: Term }>(hits: readonly Hit[]): readonly Hit[] =>
  [...Map.groupBy(hits, ({ term }) => term).values()].flatMap((own) => (new Set(own.map(({ path }) => path)).size > MOST_OF_A_TERM ? [] : own));
