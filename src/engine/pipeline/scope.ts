/** Files that were changed and that nobody declared: a finding of the host's own. */
import type { Json } from "../../shared/json.ts";
import { BUILT_IN_CONTRACTS, codingHandoffSchema, type Finding } from "../../workflow/index.ts";
import { CONTRACT } from "./course.ts";
import { goesWithManifest } from "./lock-files.ts";
import type { ItemState } from "./state.ts";

/** Files that get a finding each; the others are counted in one. */
const MOST_NAMED = 20;

export interface ScopeFinding extends Finding {
  readonly kind: "scope";
}

/** One finding a file that differs from the base and that no session of the item declared, nor the manifest it is the lock file of; the fix declares it or takes it back. */
export function scopeFindings(state: ItemState): readonly ScopeFinding[] {
  if (state.changed === null) return [];
  const declared = state.sessions.flatMap(({ result }) => (result?.outcome === "completed" ? result.artifacts.flatMap(declaredBy) : []));
  const { paths } = state.changed;
  const isDeclared = (path: string): boolean => declared.some((text) => declares(text, path));
  const undeclared = paths.filter((path) => !isDeclared(path) && !goesWithManifest(path, paths, isDeclared));
  const named = undeclared.slice(0, MOST_NAMED).map((path) =>
    scopeFinding(`${path} was changed and not declared`, `${path} differs from the base; neither filesChanged nor sideEffects of any session names it.`, path),
  );
  const rest = undeclared.length - named.length + state.changed.more;
  return rest === 0 ? named : [...named, scopeFinding(`${rest} more changed files were not declared or could not be looked at`, `The change has ${state.changed.paths.length + state.changed.more} files.`)];
}

const scopeFinding = (summary: string, evidence: string, file?: string): ScopeFinding => ({
  kind: "scope",
  severity: "minor",
  summary,
  ...(file === undefined ? {} : { file }),
  evidence,
  remediation: "Take the change back, or name the file in filesChanged of the handover and say in sideEffects why it belongs to the task.",
});

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
