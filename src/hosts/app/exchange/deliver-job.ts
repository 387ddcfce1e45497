/**
 * Whether the job `deliver` of a workflow file is WorkTrain's and nothing else: what may publish as the App runs one step, the action as its operator
 * pinned it (docs/decisions/0021). Pure.
 */
import { parse } from "yaml";
import { z } from "zod";
import { WORKFLOW_PATH } from "../../../intake/index.ts";
import { code } from "../../../report/markdown.ts";
import type { Wrong } from "./id-token.ts";

/** Whose deliver jobs may have tokens of the App, and where. */
export interface PublishesAsApp {
  /** As the workflow files name it. */
  readonly url: string;
  /** WorkTrain's action as the operator pinned it, with earlier pins that may publish still. */
  readonly actions: readonly string[];
}

/** Whether a workflow file has its deliver job exchange tokens with this App. What it takes from elsewhere is not known, and counts as no. */
export function deliversAsApp(workflowText: string | null, exchange: PublishesAsApp | null): boolean {
  const [, named] = /^[ \t]*exchange-url:[ \t]*["']?([^\s"'#]+)/m.exec(workflowText ?? "") ?? [];
  return exchange !== null && named === exchange.url;
}

/** Why what a run of this file makes could not be published, known before anything is paid for; null where it could, as far as the file tells. */
export function cannotPublish(workflowText: string | null, exchange: PublishesAsApp | null, again: string): { readonly message: string; readonly fix: string; readonly details: readonly string[] } | null {
  const wrong = workflowText !== null && exchange !== null && deliversAsApp(workflowText, exchange) ? wrongDeliverJob(workflowText, exchange.actions) : null;
  if (wrong === null) return null;
  return { message: `What a run makes could not be published as the App: in ${WORKFLOW_PATH}, ${wrong.why}.`, fix: `Take the job \`${DELIVER_JOB}\` as WorkTrain's \`templates/worktrain.yml\` has it, with the action that the App's operator named last. ${again}`, details: [] };
}

/** As templates/worktrain.yml calls it. */
export const DELIVER_JOB = "deliver";

/** What says when, where and with which rights it runs. Anything else could bring code or files of somebody else's beside the token. */
const JOB_KEYS: readonly string[] = ["needs", "if", "runs-on", "timeout-minutes", "environment", "cache-mode", "permissions", "concurrency", "steps"];
const STEP_KEYS: readonly string[] = ["uses", "with", "id", "name", "timeout-minutes"];
/** Of the file: they would hold in every job of it. */
const EVERYWHERE: readonly string[] = ["env", "defaults", "<<"];

const objectSchema = z.record(z.string(), z.unknown());
const fileSchema = z.looseObject({ jobs: z.record(z.string(), objectSchema) });

/** @param actions pinned by commit, those that may publish; null when the file's job is one of them */
export function wrongDeliverJob(text: string, actions: readonly string[]): Wrong | null {
  const file = fileSchema.safeParse(parsed(text));
  if (!file.success) return wrong("the file cannot be read as a workflow");
  const { jobs } = file.data;
  const { [DELIVER_JOB]: job, ...others } = jobs;
  if (job === undefined) return wrong(`the file has no job ${DELIVER_JOB}`);
  const shared = Object.keys(file.data).find((key) => EVERYWHERE.includes(key.toLowerCase()));
  if (shared !== undefined) return wrong(`the file sets ${code(shared)} for every job`);
  // A run's jobs are known by the names they show.
  const namesake = Object.entries(others).find(([id, { name = id }]) => typeof name !== "string" || name.includes("${{") || name.trim().toLowerCase() === DELIVER_JOB);
  if (namesake !== undefined) return wrong(`the job ${code(namesake[0])} could show itself as ${DELIVER_JOB}`);
  const foreign = Object.keys(job).find((key) => !JOB_KEYS.includes(key));
  if (foreign !== undefined) return wrong(`the job ${DELIVER_JOB} has ${code(foreign)}`);
  const steps = z.array(objectSchema).safeParse(job["steps"]).data ?? [];
  const [step] = steps;
  if (step === undefined || steps.length > 1) return wrong(`the job ${DELIVER_JOB} has ${steps.length} steps instead of one`);
  const more = Object.keys(step).find((key) => !STEP_KEYS.includes(key));
  if (more !== undefined) return wrong(`the step of the job ${DELIVER_JOB} has ${code(more)}`);
  const { uses } = step;
  if (typeof uses === "string" && actions.includes(uses)) return null;
  return { claim: "job_workflow_sha", why: `the job ${DELIVER_JOB} uses ${typeof uses === "string" ? code(uses) : "no action"}, which WORKTRAIN_ACTION does not name` };
}

const wrong = (why: string): Wrong => ({ claim: "job_workflow_ref", why });

/** Where YAML readers differ in what ends a line, or the file: one may see a comment where GitHub's sees another step. */
const AMBIGUOUS = /\r(?!\n)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u0085\u2028\u2029\ufeff]/;

function parsed(text: string): unknown {
  if (AMBIGUOUS.test(text)) return null;
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch {
    return null;
  }
}
