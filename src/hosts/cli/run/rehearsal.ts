/** Drives a task up to its first request without a model, a sandbox, a working copy or a journal on disk. */
import { z } from "zod";
import { allowedHosts, type Config } from "../../../config/index.ts";
import { runItem, type Estimate, type ItemProgress, type Prompt } from "../../../coordinator/index.ts";
import { openMemoryJournal } from "../../../journal/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { Fetch } from "../../../shared/ports.ts";
import { ok } from "../../../shared/result.ts";
import type { Sandbox, SeenClone, Workspace } from "../../../workspace/index.ts";
import { localRun } from "../local-run.ts";
import { pastDurations } from "../log/past-durations.ts";
import type { LocalRun } from "./asked-run.ts";
import { itemDeps, type RunPorts } from "./item-deps.ts";
import { newItem, openingOf } from "./local-item.ts";
import { namedWorkflow } from "./named-workflow.ts";

const blocks = z.array(z.record(z.string(), z.json()));
const requestSchema = z.strictObject({
  model: z.string(),
  max_tokens: z.int(),
  system: blocks,
  tools: blocks,
  messages: z.array(z.object({ role: z.enum(["user", "assistant"]), content: blocks })),
  stream: z.literal(true),
});
/** The body of a request. */
export type FirstRequest = Readonly<z.infer<typeof requestSchema>>;

/** The first request of a task, and the layers it was made of. */
export interface Rehearsed {
  readonly phase: string;
  readonly workflowId: string;
  readonly prompt: Prompt;
  readonly request: FirstRequest;
  /** Of the whole task; null where none can be made. */
  readonly estimate: Estimate | null;
}

export interface Rehearsal {
  readonly run: LocalRun;
  readonly task: { readonly goal: string; readonly workspace: string; readonly workflow: string | null };
  readonly clone: SeenClone;
  readonly config: Config;
}

/** @throws TerminalError when the task comes to no request */
export async function rehearse({ run, task, clone, config }: Rehearsal, ports: RunPorts): Promise<Rehearsed> {
  const place = newItem(ports, run.places.data, task.workspace);
  const stop = new AbortController();
  let body: string | null = null;
  const fetch: Fetch = async (_, init) => {
    body ??= typeof init?.body === "string" ? init.body : "";
    stop.abort(new TerminalError("The rehearsal ends at its first request.", ""));
    throw stop.signal.reason;
  };
  const journal = openMemoryJournal({ clock: ports.clock });
  const alone = task.workflow === null ? {} : { workflow: namedWorkflow(task.workflow, ports.packageRoot, clone.source) };
  const { work } = await pastDurations(run.places.data, clone.source, ports);
  const parts = { ...alone, earlierWork: () => work, config, journal, redact: (text: string) => text, workspace: seenWorkspace(clone), sandbox: noSandbox(run, config) };
  const deps = await itemDeps({ ...run, model: { apiKey: "none", fetch } }, { ...ports, signal: stop.signal }, parts);
  let prompt: Prompt | null = null;
  let estimate: Estimate | null = null;
  const onProgress = (progress: ItemProgress): void => {
    if (progress.kind === "prompt") prompt ??= progress.prompt;
    if (progress.kind === "estimate") estimate = progress.estimate;
  };
  const saved = { goal: task.goal, base: { ref: clone.branch, sha: clone.head }, ...alone };
  const { state, reason } = await runItem({ ...deps, onProgress }, openingOf(place, saved, config), localRun(parts.sandbox.mode));
  const [session] = state.sessions;
  if (body === null || prompt === null || session === undefined) throw new TerminalError(`The task comes to no request: ${reason?.message ?? "it ended at once"}`, reason?.fix ?? "Read the config's budget and the flags.");
  return { phase: session.phase, workflowId: session.workflowId, prompt, request: requestSchema.parse(JSON.parse(body)), estimate };
}

/** The base commit's files and nothing that could change them. */
const seenWorkspace = ({ head, source, baseFiles }: SeenClone): Workspace => ({
  base: head,
  repository: source,
  begunAtBase: true,
  baseFiles,
  notes: [],
  save: () => Promise.resolve(null),
  restore: () => Promise.resolve(ok(undefined)),
  describe: () => Promise.resolve(""),
  close: () => Promise.resolve(),
});

/** In the mode and with the hosts that the run would have; no tool is ever called before the first request. */
function noSandbox(run: LocalRun, config: Config): Sandbox {
  const never = (): never => {
    throw new TerminalError("A rehearsal runs no tool.", "Please report this.");
  };
  return { mode: run.sandbox ?? "bubblewrap", hosts: allowedHosts(config).map(({ text }) => text), takeReached: () => [], call: never, runCommand: never, renew: () => Promise.resolve(), close: () => Promise.resolve() };
}
