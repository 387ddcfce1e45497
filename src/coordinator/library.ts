import { join } from "node:path";
import { PIPELINE } from "../engine/pipeline/index.ts";
import { delegatedBy } from "../session/index.ts";
import type { Refusal } from "../shared/errors.ts";
import type { FileSystem } from "../shared/ports.ts";
import { closestName } from "../shared/closest-name.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { unreachable } from "../shared/unreachable.ts";
import { catalogue, isConfidential, type Plan, type PlanStep } from "../workflow/index.ts";
import type { BaseFiles } from "../workspace/index.ts";

/** Where workflows lie in a library's directory. */
const FOLDERS = [".", "routines", "roles"];
/** Where a team keeps its own, from the root of its repository. */
const TEAM_FOLDER = ".worktrain/workflows";
const EXTENSIONS = /\.(?:ya?ml|json)$/i;

type Text = { readonly file: string; readonly text: string };
export type FindPlan = (workflowId: string) => Result<Plan, Refusal<"unknown-workflow">>;

/**
 * The workflows that a run may use: those of the repository's base commit, then those that come with WorkTrain. Of two with one id
 * the team's counts. Files of the working tree do not (I9).
 * @param base null: only those that come with WorkTrain
 * @returns refusal naming file, line and fault when one does not compile: a broken workflow is never skipped in silence
 */
export async function loadLibrary(fs: FileSystem, directory: string, base: BaseFiles | null): Promise<Result<FindPlan, Refusal<"bad-workflow">>> {
  return compileLibrary(await libraryTexts(fs, directory, base));
}

export interface LibraryTexts {
  readonly team: readonly Text[];
  /** Those that come with WorkTrain. */
  readonly ours: readonly Text[];
}

/** The texts of `loadLibrary`. */
export async function libraryTexts(fs: FileSystem, directory: string, base: BaseFiles | null): Promise<LibraryTexts> {
  const team = base === null ? [] : await teamTexts(base);
  return { team, ours: shippedTexts(fs, directory) };
}

/** The library of such texts: the same for the same texts. */
export function compileLibrary({ team, ours }: LibraryTexts): Result<FindPlan, Refusal<"bad-workflow">> {
  const { workflows, faults } = catalogue([...team, ...ours]);
  const shipped = new Set(ours.map(({ file }) => file));
  // What the team replaces is no fault.
  const fault = faults.find(({ file, path }) => path !== "id" || !shipped.has(file));
  if (fault !== undefined) return err({ kind: "bad-workflow", message: `${fault.file}:${fault.line}: ${fault.message}`, fix: fault.fix });
  return ok((workflowId) => {
    const entry = workflows.get(workflowId);
    if (entry !== undefined) return ok(entry.plan);
    const near = closestName(workflowId, [...workflows.keys()]);
    return err({ kind: "unknown-workflow", message: `There is no workflow ${JSON.stringify(workflowId)}.`, fix: `${near === null ? "" : `Did you mean ${near}? `}Use one of: ${[...workflows.keys()].join(", ")}.` });
  });
}

/**
 * Why the pipeline cannot run on these workflows: a team's own of a pipeline's id that does not hand over what the pipeline reads
 * would only show after the work was paid for. Null if it can.
 */
export function pipelineFault(find: FindPlan): Refusal<"bad-workflow"> | null {
  for (const { workflowId, handsOver } of PIPELINE) {
    const plan = find(workflowId);
    if (!plan.ok) return { ...plan.error, kind: "bad-workflow" };
    if (plan.value.steps.some((step) => asksFor(step, handsOver))) continue;
    return {
      kind: "bad-workflow",
      message: `No step of the workflow ${workflowId} ("${plan.value.name}") has \`outputContract: { contractRef: ${handsOver} }\`, which the pipeline goes on from.`,
      fix: `Add it to the step that ends the work, or give the file in ${TEAM_FOLDER} an id of its own: then the workflow that comes with WorkTrain is run.`,
    };
  }
  return null;
}

/** The first of these workflows, and of those they delegate to, whose record is for few eyes; null where there is none. One that is not there is nobody's. */
export function confidentialAmong(find: FindPlan, workflowIds: readonly string[]): string | null {
  const seen = new Set<string>();
  const queue = [...workflowIds];
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    const plan = seen.has(id) ? null : find(id);
    seen.add(id);
    if (plan?.ok !== true) continue;
    if (isConfidential(plan.value)) return id;
    queue.push(...plan.value.steps.flatMap(delegatedBy));
  }
  return null;
}

/** Of a run without a workflow of its own. */
export const PIPELINE_WORKFLOWS: readonly string[] = PIPELINE.map(({ workflowId }) => workflowId);

function asksFor(step: PlanStep, contractRef: string): boolean {
  switch (step.kind) {
    case "standard":
      return step.contract?.required === true && step.contract.ref === contractRef;
    case "parallel":
      return step.synthesis?.contract?.required === true && step.synthesis.contract.ref === contractRef;
    case "loop":
      return step.body.some((inner) => asksFor(inner, contractRef));
    case "gather":
    case "confirm":
      return false;
    default:
      return unreachable(step);
  }
}

const shippedTexts = (fs: FileSystem, directory: string): readonly Text[] =>
  FOLDERS.flatMap((folder) =>
    fs
      .list(join(directory, folder))
      .filter((name) => EXTENSIONS.test(name))
      .flatMap((name) => {
        const bytes = fs.read(join(directory, folder, name));
        return bytes === null ? [] : [{ file: join(folder, name), text: new TextDecoder().decode(bytes) }];
      }),
  );

async function teamTexts(base: BaseFiles): Promise<readonly Text[]> {
  const texts: Text[] = [];
  for (const file of await base.find([TEAM_FOLDER])) {
    if (file.kind !== "file" || !EXTENSIONS.test(file.path) || file.path.endsWith("/bindings.json")) continue;
    const text = await base.read(file);
    // What is no text is no workflow either, and is told as such.
    texts.push({ file: file.path, text: text ?? "" });
  }
  return texts;
}
