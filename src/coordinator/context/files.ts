/** Which files matter to an item and why: those its task names or means, those its sessions changed or point to by typed fields, and those beside them. */
import { posix } from "node:path";
import type { ItemSession } from "../../engine/pipeline/index.ts";
import type { Json } from "../../shared/json.ts";
import { BUILT_IN_CONTRACTS, isBuiltInContract, statementText } from "../../workflow/index.ts";
import type { BaseFile, BaseFiles } from "../../workspace/index.ts";
import { guessedFiles, type Said } from "./guessed-files.ts";
import { importsOf, treeOf, type Tree } from "./neighbours.ts";
import type { Entry } from "./section.ts";

export interface RelevantFile {
  readonly path: string;
  readonly why: readonly string[];
  /** `named`: by the task, a change or evidence. `meant`: by words of the task or of a typed result. `beside`: a test of such a one, or imported by a named one. */
  readonly how: "named" | "meant" | "beside";
}

export interface FileSource {
  readonly task: string;
  readonly sessions: readonly ItemSession[];
  readonly base: BaseFiles;
}

/** Files whose imports are looked up, each a read of its content. */
const MOST_READ = 12;
const READ_LIMIT_BYTES = 256 * 1024;
const MOST_FILES = 200;

/** @returns the files, those that are named first; null where the tree is too large to be listed */
export async function relevantFiles(source: FileSource): Promise<readonly RelevantFile[] | null> {
  const mentioned = pathsIn(source.task);
  const evidence = source.sessions.flatMap(evidenceOf);
  const listed = await source.base.list();
  if (listed === null) return null;
  const changed = source.sessions.flatMap(({ result }) => result?.changed?.paths ?? []);
  const tree = treeOf([...new Set([...listed.map(({ path }) => path), ...changed])]);
  const why = new Map<string, string[]>();
  const add = (path: string, reason: string): void => {
    const reasons = why.get(path) ?? [];
    if (!reasons.includes(reason)) why.set(path, [...reasons, reason]);
  };
  // Evidence first: it was looked up, and what the task names may be an example.
  for (const { path, reason } of evidence) if (tree.has(path)) add(path, reason);
  for (const path of mentioned.flatMap((each) => matching(each, listed))) add(path, "named in the task");
  const named = [...why.keys()].slice(0, MOST_FILES);
  const guesses = await guessedFiles(saidIn(source), source.base, listed);
  const meant = guesses.map(({ path }) => path).filter((path) => !named.includes(path));
  for (const { path, why: reasons } of guesses) for (const reason of reasons) add(path, reason);
  const found = [...named, ...meant];
  for (const path of found) for (const other of tree.counterparts(path)) if (!found.includes(other)) add(other, `by its name a counterpart of ${path} (test and tested)`);
  // What a guess imports is no clue any more.
  for (const path of named.slice(0, MOST_READ)) for (const other of await imported(source.base, { path, listed, tree })) if (!found.includes(other)) add(other, `imported by ${path}`);
  return [...why].slice(0, MOST_FILES).map(([path, reasons]) => ({ path, why: reasons, how: named.includes(path) ? "named" : meant.includes(path) ? "meant" : "beside" }));
}

export const fileEntries = (files: readonly RelevantFile[]): readonly Entry[] => files.map(({ path, why }) => ({ title: path, text: `- ${/^[\w./@+ -]+$/.test(path) ? path : JSON.stringify(path)}: ${why.join("; ")}` }));

async function imported(base: BaseFiles, { path, listed, tree }: { readonly path: string; readonly listed: readonly BaseFile[]; readonly tree: Tree }): Promise<readonly string[]> {
  const file = listed.find((each) => each.path === path);
  if (file === undefined || file.kind !== "file" || file.sizeBytes > READ_LIMIT_BYTES) return [];
  const text = await base.read(file);
  return text === null ? [] : importsOf(path, text, tree);
}

/** Words that could be a path: with a folder or an ending. */
const MOST_MENTIONED = 50;

function pathsIn(text: string): readonly string[] {
  const words = text.match(/[\w@.+-]{1,100}(?:\/[\w@.+-]{1,100}){0,20}/g) ?? [];
  const paths = words.map((word) => clean(word.replace(/\.+$/, ""))).filter((word) => /\/|[\w-]\.\w{1,12}$/.test(word));
  return [...new Set(paths)].slice(0, MOST_MENTIONED);
}

/** A file with a common name is in many folders: then its name alone says nothing. */
const MOST_OF_A_NAME = 3;

function matching(mentioned: string, listed: readonly BaseFile[]): readonly string[] {
  if (listed.some(({ path }) => path === mentioned)) return [mentioned];
  const ending = listed.filter(({ path }) => path.endsWith(`/${mentioned}`)).map(({ path }) => path);
  return ending.length <= MOST_OF_A_NAME ? ending : [];
}

/** Fields of typed results that say in words what the work is about. */
const TELLING_FIELDS: Readonly<Record<string, readonly string[]>> = {
  "wr.contracts.discovery_handoff": ["selectedDirection", "keyInvariants", "implementationConstraints"],
  "wr.contracts.shaping_handoff": ["selectedShape", "keyConstraints"],
  "wr.contracts.investigation": ["rootCause"],
};

/** The texts that may mean a file without naming it, the task's first. */
function saidIn({ task, sessions }: FileSource): readonly Said[] {
  const typed = sessions.flatMap(({ phase, result }) =>
    (result?.artifacts ?? []).flatMap(({ contractRef, value }): readonly Said[] => {
      const fields = TELLING_FIELDS[contractRef] ?? [];
      if (fields.length === 0 || value === null || typeof value !== "object" || Array.isArray(value)) return [];
      const texts = fields.flatMap((field) => value[field] ?? []).filter((each) => typeof each === "string");
      return texts.length === 0 ? [] : [{ by: `the result of ${phase}`, text: texts.join("\n") }];
    }),
  );
  return [{ by: "the task", text: task }, ...typed];
}

interface Evidence {
  readonly path: string;
  readonly reason: string;
}

/** Paths in the fields that contracts have for them, and what the host itself saw changed. */
function evidenceOf({ sessionId, phase, round, result }: ItemSession): readonly Evidence[] {
  const seen = (result?.changed?.paths ?? []).map((path) => ({ path, reason: `changed in ${phase}, round ${round} (${sessionId})` }));
  return [...seen, ...(result?.artifacts ?? []).flatMap(({ contractRef, value }) => fromArtifact(contractRef, value, `${phase}, round ${round}`))];
}

function fromArtifact(contractRef: string, value: Json, where: string): readonly Evidence[] {
  if (!isBuiltInContract(contractRef) || !BUILT_IN_CONTRACTS[contractRef].safeParse(value).success) return [];
  const of = (paths: readonly string[] | undefined, reason: string): readonly Evidence[] => (paths ?? []).map((path) => ({ path: clean(path), reason }));
  switch (contractRef) {
    case "wr.contracts.coding_handoff":
      return of(BUILT_IN_CONTRACTS[contractRef].parse(value).filesChanged, `declared as changed in ${where}`);
    case "wr.contracts.investigation":
      return of(BUILT_IN_CONTRACTS[contractRef].parse(value).affectedFiles, `affected, by the investigation`);
    case "wr.contracts.discovery_handoff": {
      const { keyCodebaseLocations = [], designDocPath } = BUILT_IN_CONTRACTS[contractRef].parse(value);
      return [...(designDocPath === undefined ? [] : of([designDocPath], "the design")), ...keyCodebaseLocations.flatMap((each) => of([typeof each === "string" ? each : each["path"]], `found in discovery${typeof each === "string" ? "" : ` (${statementText(each)})`}`))];
    }
    case "wr.contracts.shaping_handoff": {
      const { pitchPath } = BUILT_IN_CONTRACTS[contractRef].parse(value);
      return pitchPath === undefined ? [] : of([pitchPath], "the pitch");
    }
    case "wr.contracts.review_verdict":
      return BUILT_IN_CONTRACTS[contractRef].parse(value).findings.flatMap(({ file, severity }) => (file === undefined ? [] : of([file], `has a ${severity} finding of ${where}`)));
    default:
      return [];
  }
}

/** A model may write anything where a path belongs. */
const MOST_PATH_CHARS = 1_000;

/** `./src/a.ts:12-20` as `src/a.ts`. */
const clean = (path: string): string => posix.normalize(path.slice(0, MOST_PATH_CHARS).trim().replace(/[:#]L?\d+.*$/, "")).replace(/^\.\//, "");
