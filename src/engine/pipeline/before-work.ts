/**
 * What is looked for before anything is made: who has the work already, what has to be there first, and what is there that need not be made
 * again. The host looks and journals what it found; what follows from it is decided here.
 */
import type { Duplicate, RequiredArtifact } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import type { Classification } from "../../workflow/index.ts";
import { stop, type ItemAction } from "./action.ts";
import type { Stage } from "./course.ts";
import { goesBy } from "./editions.ts";
import { takenBy, type ItemState } from "./state.ts";

/** Items that were opened before anything was looked for go on without. */
const looks = ({ opening }: ItemState): boolean => opening?.pipeline?.duplicates !== undefined;

/** Before the first session; null when nothing stands against it. */
export function beforeWork(state: ItemState): ItemAction | null {
  if (!looks(state)) return null;
  const { opened } = state.intake;
  if (opened === null) return { kind: "look", at: "opened", key: null, missing: [] };
  if (opened.duplicates.length > 0) return duplicate(opened.duplicates);
  return opened.missing.length > 0 ? { kind: "look", at: "opened", key: null, missing: opened.missing } : null;
}

/** Once it is known what the task asks for; null when nothing else is at it. */
export function sameWork(state: ItemState, { deduplicationKey = "" }: Classification): ItemAction | null {
  if (!looks(state)) return null;
  if (deduplicationKey.trim() === "") return goesBy(2, state.opening?.pipeline) && state.opening?.pipeline?.duplicates === "stop" ? withoutKey : null;
  const { classified } = state.intake;
  if (classified === null) return { kind: "look", at: "classified", key: deduplicationKey, missing: [] };
  return classified.duplicates.length > 0 ? duplicate(classified.duplicates) : null;
}

/** I9. Without a key the work of others cannot be found, which is no sign that there is none. */
const withoutKey = stop(
  "unclear",
  "The classification has no deduplicationKey, so nobody can tell whether something else has this work already.",
  "A missing part of a result counts as a failed gate. Start it again to try once more, or set `pipeline: { duplicates: ignore }` in .github/worktrain.yml, and nothing is looked for.",
);

const duplicate = (found: readonly Duplicate[]): ItemAction =>
  stop(
    "duplicate",
    `Something has this work already:\n${found.map(({ what, url }) => `- ${what}: ${url}`).join("\n")}`,
    "Nothing is wrong where that one does it. If this is to be worked on nonetheless, close that one or take its closing words (`Fixes #...`) out, or set `pipeline: { duplicates: ignore }` in .github/worktrain.yml; then start it again.",
  );

/** What an item waits for, in a line each. */
export const missingWords = (missing: readonly RequiredArtifact[]): string =>
  missing.map(({ what, path, label }) => `- ${what}: ${[...(path === undefined ? [] : [`a file ${path} on the default branch`]), ...(label === undefined ? [] : [`the label ${label}`])].join(" and ")}`).join("\n");

/** Files that stand in the place of what a stage would make; none where it has to be run. */
export function takenFor(state: ItemState, stage: Stage, { touchesArchitecture }: Classification): readonly string[] {
  // The discovery of an idea is the design that challengers attack as well: nothing that somebody wrote down takes the place of that.
  const replaceable = stage.phase === "shape" || (stage.phase === "discover" && touchesArchitecture !== true);
  // A spec says what is to be built, which is all that a pitch is for; a pitch says in which direction.
  const either = goesBy(2, state.opening?.pipeline);
  return replaceable ? takenBy(state).flatMap(({ path, as }) => (either || as === stage.as ? [path] : [])) : [];
}

/** The files that were taken, each under the name of what a session would have handed over. */
export function takenContext(state: ItemState): JsonObject {
  const context: Record<string, Json> = {};
  for (const name of ["direction", "pitch"] as const) {
    const files = takenBy(state).flatMap(({ as, path, sha256, text }) => (as === name ? [{ path, sha256, text }] : []));
    if (files.length > 0) context[name] = { takenFrom: files };
  }
  return context;
}
