/** Files that were changed and that nobody declared: a finding of the host's own. */
import type { Json } from "../../shared/json.ts";
import { BUILT_IN_CONTRACTS, codingHandoffSchema, type Finding } from "../../workflow/index.ts";
import { CONTRACT, makesChange } from "./course.ts";
import { goesWithManifest, isLockFile, isManifest } from "./lock-files.ts";
import { goesBy } from "./editions.ts";
import { type ChangedFiles, type ItemState } from "./state.ts";

/** Files that get a finding each; the others are counted in one. */
const MOST_NAMED = 20;

export interface ScopeFinding extends Finding {
  readonly kind: "scope";
}

/** What runs by itself, says what is installed, or says who may do what: nobody reads past it because it is one file of many. */
const WEIGHTY = /^\.github\/|^\.worktrain\/|(?:^|\/)(?:\.?gitlab-ci[^/]*|\.circleci\/.*|Jenkinsfile[^/]*|azure-pipelines[^/]*|CODEOWNERS|Dockerfile[^/]*|(?:docker-)?compose[^/]*\.ya?ml|\.npmrc|\.yarnrc[^/]*|\.gitmodules|\.husky\/.*|requirements[^/]*\.txt|pom\.xml|build\.gradle(?:\.kts)?)$|\.tf$/i;
const isWeighty = (path: string): boolean => WEIGHTY.test(path) || isManifest(path) || isLockFile(path);

/**
 * One finding a file that differs from the base and that no session of the item declared, nor the manifest it is the lock file of; the
 * fix declares it or takes it back. And one a file that the last hand-over declares and that no version of the change ever touched.
 */
export function scopeFindings(state: ItemState): readonly ScopeFinding[] {
  if (state.changed === null) return [];
  return goesBy(2, state.opening?.pipeline) ? [...undeclaredIn(state, state.changed), ...untouchedIn(state, state.changed)] : byFirstEdition(state, state.changed);
}

function undeclaredIn(state: ItemState, { paths, more }: ChangedFiles): readonly ScopeFinding[] {
  const made = state.sessions.flatMap(({ result }) => (result?.outcome === "completed" ? result.artifacts : []));
  // A workflow that was asked for by name need not know the hand-over in which it would declare them.
  if (state.opening?.workflowId !== undefined && !made.some(({ contractRef }) => contractRef === CONTRACT.codingHandoff)) return [];
  const declared = new Set(made.flatMap(filesOf).map(normal));
  const isDeclared = (path: string): boolean => declared.has(path);
  const undeclared = paths.filter((path) => !isDeclared(path) && !goesWithManifest(path, paths, isDeclared)).toSorted((a, b) => Number(isWeighty(b)) - Number(isWeighty(a)));
  const named = undeclared.slice(0, MOST_NAMED).map((path) => {
    const evidence = `${path} differs from the base; filesChanged of no session names it.${isWeighty(path) ? " It decides what runs, what is installed or who may do what." : ""}`;
    return scopeFinding(`${path} was changed and not declared`, evidence, { file: path, severity: isWeighty(path) ? "major" : "minor" });
  });
  const rest = undeclared.length - named.length + more;
  const hidden = undeclared.slice(MOST_NAMED).some(isWeighty);
  return rest === 0 ? named : [...named, scopeFinding(`${rest} more changed files were not declared or could not be looked at`, `The change has ${paths.length + more} files.`, { severity: hidden ? "major" : "minor" })];
}

/** A claim of a change that is not there. What an earlier version changed and a fix took back is none. */
function untouchedIn(state: ItemState, { paths, more }: ChangedFiles): readonly ScopeFinding[] {
  const last = state.sessions.findLast(({ phase, slice, result }) => makesChange(phase) && slice === undefined && result?.outcome === "completed");
  const versions = [...state.sessions.map(({ result }) => result?.changed), ...state.integrated.map(({ changed }) => changed)];
  if (last === undefined || more > 0 || versions.some((each) => (each?.more ?? 0) > 0)) return [];
  const touched = new Set([...paths, ...versions.flatMap((each) => each?.paths ?? [])]);
  const claimed = (last.result?.artifacts ?? []).flatMap((each) => (each.contractRef === CONTRACT.codingHandoff ? filesOf(each) : [])).map(normal);
  return [...new Set(claimed)].filter((path) => !touched.has(path)).slice(0, MOST_NAMED).map((path) => ({
    ...scopeFinding(`${path} was declared as changed and does not differ from the base`, `filesChanged of session ${last.sessionId} names it; no version of the change touches it.`, { severity: "minor" }),
    remediation: "Make the change that is missing, or take the file out of filesChanged of the next handover. A path is written from the top of the repository.",
  }));
}

const normal = (path: string): string => path.trim().replace(/^(?:\.\/)+/, "");

/** In the first edition a path counted as declared wherever it was named. */
function byFirstEdition(state: ItemState, changed: ChangedFiles): readonly ScopeFinding[] {
  const declared = state.sessions.flatMap(({ result }) => (result?.outcome === "completed" ? result.artifacts.flatMap(declaredBy) : []));
  const { paths } = changed;
  const isDeclared = (path: string): boolean => declared.some((text) => declares(text, path));
  const undeclared = paths.filter((path) => !isDeclared(path) && !goesWithManifest(path, paths, isDeclared));
  const named = undeclared.slice(0, MOST_NAMED).map((path) =>
    scopeFinding(`${path} was changed and not declared`, `${path} differs from the base; neither filesChanged nor sideEffects of any session names it.`, { file: path, severity: "minor" }),
  );
  const rest = undeclared.length - named.length + changed.more;
  return rest === 0 ? named : [...named, scopeFinding(`${rest} more changed files were not declared or could not be looked at`, `The change has ${paths.length + changed.more} files.`, { severity: "minor" })];
}

const scopeFinding = (summary: string, evidence: string, { file, severity }: { readonly file?: string; readonly severity: "minor" | "major" }): ScopeFinding => ({
  kind: "scope",
  severity,
  summary,
  ...(file === undefined ? {} : { file }),
  evidence,
  remediation: "Take the change back, or name the file in filesChanged of the handover and say in sideEffects why it belongs to the task.",
});

/** What an artifact names as changed. */
function filesOf({ contractRef, value }: { readonly contractRef: string; readonly value: Json }): readonly string[] {
  return contractRef === CONTRACT.codingHandoff ? (codingHandoffSchema.safeParse(value).data?.filesChanged ?? []) : declaredBy({ contractRef, value });
}

function declaredBy({ contractRef, value }: { readonly contractRef: string; readonly value: Json }): readonly string[] {
  if (contractRef === CONTRACT.codingHandoff) {
    const { filesChanged = [], testsAdded = [], sideEffects = [] } = codingHandoffSchema.safeParse(value).data ?? {};
    return [...filesChanged, ...testsAdded, ...sideEffects];
  }
  if (contractRef !== CONTRACT.shaping) return [];
  const { pitchPath } = BUILT_IN_CONTRACTS[CONTRACT.shaping].safeParse(value).data ?? {};
  return pitchPath === undefined ? [] : [pitchPath];
}

const PATH_CHARACTER = /[\w./@+-]/;

/** Whether a line names the path: alone or in a sentence, but not as a part of a longer path. */
function declares(line: string, path: string): boolean {
  for (let at = line.indexOf(path); at !== -1; at = line.indexOf(path, at + 1)) {
    const before = line.slice(0, at);
    const [after = "", next = ""] = line.slice(at + path.length);
    const ends = !PATH_CHARACTER.test(after) || (after === "." && !PATH_CHARACTER.test(next));
    if (ends && (before === "" || before.endsWith("./") || !PATH_CHARACTER.test(before.at(-1) ?? ""))) return true;
  }
  return false;
}
