/** What an item's run finds before it works, for the item's stream: who has the work, what is missing, what need not be made again. */
import { missingWords, type IntakeCheck, type ItemState, type Look } from "../engine/pipeline/index.ts";
import type { EndingCode, Reason, RequiredArtifact } from "../record/index.ts";
import { taskKeyOf } from "../record/task-key.ts";
import type { CoordinatorDeps } from "./deps.ts";
import { existingArtifacts, globsFor, missingArtifacts } from "./existing-artifacts.ts";
import { namedFiles } from "./linked-files.ts";

/** @throws what reading GitHub or the base commit throws: nothing is worked on that might be another's */
export async function lookAround(deps: CoordinatorDeps, state: ItemState, look: Look): Promise<IntakeCheck> {
  return look.at === "opened" ? beforeWork(deps, state) : onceClassified(deps, state, look.key ?? "");
}

const NOTHING = { duplicates: [], missing: [], taken: [], passedOver: [] };

async function beforeWork(deps: CoordinatorDeps, { opening }: ItemState): Promise<IntakeCheck> {
  const { surroundings, workspace, repository, redact } = deps;
  const duplicates = opening?.pipeline?.duplicates === "stop" ? await surroundings?.duplicates(null) : [];
  if (duplicates !== undefined && duplicates.length > 0) return { ...NOTHING, at: "opened", duplicates: [...duplicates] };
  const files = workspace.baseFiles;
  const { pitches = [] } = opening?.pipeline ?? {};
  const requires = surroundings?.requires ?? opening?.pipeline?.requires ?? [];
  const issueNumber = surroundings?.issueNumber ?? null;
  const labels = requires.some(({ label }) => label !== undefined) ? ((await surroundings?.labels()) ?? null) : null;
  const missing = await missingArtifacts(files, requires, { issueNumber, labels });
  const { title = "", body = "" } = opening?.task ?? {};
  const named = namedFiles(`${title}\n\n${body}`, { repository, branch: opening?.base.ref ?? "" });
  const existing = await existingArtifacts(files, { named: named.files, pitches: globsFor(pitches, issueNumber), redact });
  const base = surroundings?.newestBase;
  const moved = base === undefined || base.sha !== files.commit || base.sha === opening?.base.sha ? {} : { base };
  const passedOver = [...existing.passedOver, ...named.passedOver].map(({ path, why }) => ({ path: redact(path), why }));
  return { at: "opened", ...moved, duplicates: [], missing: [...missing], taken: [...existing.taken], passedOver };
}

async function onceClassified(deps: CoordinatorDeps, state: ItemState, key: string): Promise<IntakeCheck> {
  const taskKey = taskKeyOf(key);
  if (taskKey === null || deps.surroundings === undefined || state.opening?.pipeline?.duplicates !== "stop") return { ...NOTHING, at: "classified" };
  return { ...NOTHING, at: "classified", duplicates: [...(await deps.surroundings.duplicates(taskKey))] };
}

/** How an item is left that has to wait. */
export const waitsFor = (missing: readonly RequiredArtifact[], { surroundings }: Pick<CoordinatorDeps, "surroundings">): { readonly ending: EndingCode; readonly reason: Reason } => ({
  ending: "waiting-for-artifacts",
  reason: { code: "waiting_for_artifacts", message: `The repository asks for this before there is work on a task (\`pipeline.requires\`), and it is not there:\n${missingWords(missing)}`, fix: surroundings === undefined ? "Commit it, then start the task anew: this one stays at the commit it was started at." : "Bring it to the default branch, or set the label. Then write `/worktrain resume` in a comment, or remove the start label and add it again: the work begins on the newest state of the branch." },
});
