/** The order of a job's steps: the main ones as written, then post steps in reverse. */
import type { PreparedJob } from "./prepared-job.ts";
import { playStep, type Step, type StepEnd } from "./step-player.ts";
import { prepareStep, type ResolvedActions, type StepWork } from "./step-work.ts";
import type { WorkflowStep } from "./workflow-schema.ts";

interface PostStep {
  readonly title: string;
  readonly step: Step;
}

/** Plays all steps; whether one failed stands in the state afterwards. */
export async function playSteps(prepared: PreparedJob, actions: ResolvedActions): Promise<void> {
  const { job, state, control } = prepared;
  const posts: PostStep[] = [];
  const names = actionNames(job.steps);
  for (const [index, step] of job.steps.entries()) {
    if (control.kill.aborted) return;
    const post = await playMain(prepared, actions, { step, actionName: names[index] ?? "" });
    if (post !== null) posts.unshift(post);
  }
  for (const { title, step } of posts) {
    if (control.kill.aborted) return;
    await play(prepared, title, step);
  }
  state.log.say("info", "Complete job");
}

async function playMain(prepared: PreparedJob, actions: ResolvedActions, named: { readonly step: WorkflowStep; readonly actionName: string }): Promise<PostStep | null> {
  const { state, services, actionVariables } = prepared;
  const { step, actionName } = named;
  const title = titleOf(step);
  const prepare = new PreparedOnce(() => prepareStep(step, { state, actions, gitUrl: services.options.gitUrl, actionVariables }));
  const main: Step = {
    actionName,
    condition: step.if,
    env: step.env,
    state: {},
    programs: () => prepare.work().programs,
  };
  const end = await play(prepared, title, main);
  if (step.id !== undefined) state.steps = { ...state.steps, [step.id]: { outputs: end.outputs, outcome: end.conclusion, conclusion: end.conclusion } };
  const post = prepare.prepared?.post ?? null;
  if (post === null) return null;
  return { title: `Post ${title}`, step: { actionName, condition: post.condition, env: step.env, state: end.savedState, programs: () => [post.program] } };
}

async function play({ state, control, services, lines }: PreparedJob, title: string, step: Step): Promise<StepEnd> {
  const { run, jobKey } = state.facts;
  const at = { runId: run.id, job: jobKey, step: title };
  lines.enter(title);
  const end = await playStep(step, { state, control, clock: services.options.clock, onStart: () => services.emit({ kind: "step-started", ...at }) });
  if (end.conclusion === "failure") state.failed = true;
  services.emit({ kind: "step-finished", ...at, conclusion: end.conclusion, summary: end.summary });
  return end;
}

/** What a step runs, made when its condition holds; a step that never started has no post step. */
class PreparedOnce {
  prepared: StepWork | null = null;
  readonly #prepare: () => StepWork;

  constructor(prepare: () => StepWork) {
    this.#prepare = prepare;
  }

  work(): StepWork {
    this.prepared ??= this.#prepare();
    return this.prepared;
  }
}

const titleOf = (step: WorkflowStep): string => step.name ?? (step.kind === "run" ? `Run ${step.run.split("\n")[0] ?? ""}` : `Run ${step.uses}`);

/** The step's id, else a name made of what it runs, numbered when it comes again (docs: GITHUB_ACTION). */
function actionNames(steps: readonly WorkflowStep[]): readonly string[] {
  const counts = new Map<string, number>();
  return steps.map((step) => {
    if (step.id !== undefined) return step.id;
    const name = step.kind === "run" ? "__run" : `__${(step.uses.split("@")[0] ?? "").replaceAll(/[^A-Za-z0-9-]/g, "_")}`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? name : `${name}_${count}`;
  });
}
