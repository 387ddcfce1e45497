/** `worktrain run`: the pipeline of a GitHub run on a local clone, leaving a local branch. */
import { join, resolve } from "node:path";
import { checkProvider, secretsOf } from "../../agent/index.ts";
import { runItem, type ItemProgress, type ItemResult, type OpenRun } from "../../coordinator/index.ts";
import { allowedHosts, type Config } from "../../config/index.ts";
import { artifactOf, CONTRACT } from "../../engine/pipeline/index.ts";
import { openDirectoryJournal, type Journal } from "../../journal/index.ts";
import { counted, leftOutOf } from "../../report/index.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { createRedactor } from "../../shared/redact.ts";
import { codingHandoffSchema } from "../../workflow/index.ts";
import { cloneForWork, lookAtClone, openSandbox, openSlicePlace, openWorkspace, publishBranch, type LocalClone, type Sandbox, type SandboxOptions, type Workspace } from "../../workspace/index.ts";
import type { CommandResult } from "./command.ts";
import type { LocalRun } from "./run/asked-run.ts";
import { putOnRef, type RefChain } from "./log/ref-log.ts";
import { saveOnRef, type RefSaving } from "./log/ref-saving.ts";
import { pastDurations } from "./log/past-durations.ts";
import { committedConfig } from "./run/committed-config.ts";
import { letterName, openInbox, openMailbox } from "./run/inbox.ts";
import { itemDeps, type RunPorts } from "./run/item-deps.ts";
import { newItem, openingOf, savedItem, saveRun, type ItemPlace, type SavedRun } from "./run/local-item.ts";
import { namedWorkflow } from "./run/named-workflow.ts";
import { runReport } from "./run/run-report.ts";
import { listRunning, register, runningDirectory } from "./run/running.ts";

/**
 * Runs the task, or goes on with it. Exit code 0 only when a branch was left (of a change that was reviewed, unless one workflow was run
 * alone), or when one that changes nothing was completed, or the work was cut as a person approved. @throws TerminalError on what cannot work
 */
export async function runLocally(run: LocalRun, ports: RunPorts): Promise<CommandResult> {
  const { task, places } = run;
  await checkProvider(run.model);
  const { place, saved: known } = task.kind === "new" ? await begin(run, task, ports) : savedItem(task.item, places.data);
  const other = listRunning(runningDirectory(places.usual)).find(({ directory }) => directory === place.directory);
  if (other !== undefined) throw new TerminalError(`${place.name} is being worked on by process ${other.pid}.`, `Let it end, or stop it with \`worktrain cancel ${place.name}\`.`);
  const saved = { ...known, limits: { ...known.limits, ...run.limits } };
  saveRun(place, saved);
  ports.log(`Item ${place.name}. From elsewhere: worktrain tell ${place.name} "...", worktrain cancel ${place.name}`);
  const registration = register(runningDirectory(places.usual), { item: place.name, directory: place.directory });
  try {
    const result = await workOn(run, ports, { place, saved, onSessions: registration.sessions });
    return saved.record === undefined ? result : await recorded(result, { run, ports, place, clone: saved.source });
  } finally {
    registration.end();
  }
}

/** That the record could not be put on the ref takes nothing from what the run came to: it is whole in the data directory. */
async function recorded(result: CommandResult, { run, ports, place, clone }: { readonly run: LocalRun; readonly ports: RunPorts; readonly place: ItemPlace; readonly clone: string }): Promise<CommandResult> {
  try {
    const { ref } = await putOnRef({ itemId: place.id, journal: join(place.directory, "journal"), clone, secrets: secretsOf(run.model) }, ports);
    return { ...result, text: `${result.text}\nRecord: ${ref} in ${clone}`, data: { ...result.data, record: { ref } } };
  } catch (error) {
    if (!(error instanceof TerminalError) && !(error instanceof RetryableError)) throw error;
    const why = `${error.message} ${error instanceof TerminalError ? error.fix : "Try again."}`;
    return { ...result, text: `${result.text}\nThe record could not be put on its ref: ${why} \`worktrain export ${place.name} --ref-of ${clone}\` does it later.`, data: { ...result.data, record: { problem: why } } };
  }
}

interface Begun {
  readonly place: ItemPlace;
  readonly saved: Omit<SavedRun, "v" | "itemId">;
}

/** Looks before anything is written: a fault of the config leaves nothing behind. */
async function begin(run: LocalRun, { goal, workspace, workflow, record }: Extract<LocalRun["task"], { kind: "new" }>, ports: RunPorts): Promise<Begun> {
  const place = newItem(ports, run.places.data, workspace);
  const seen = await lookAtClone({ source: resolve(workspace), processes: ports.processes });
  await committedConfig(seen);
  if (seen.uncommitted > 0) ports.log(`Not taken along: ${counted(seen.uncommitted, "uncommitted file")} of ${seen.source}.`);
  const alone = workflow === null ? {} : { workflow: namedWorkflow(workflow, ports.packageRoot, seen.source) };
  return { place, saved: { goal, source: seen.source, base: { ref: seen.branch, sha: seen.head }, sandbox: run.sandbox ?? "bubblewrap", ...alone, ...(record === null ? {} : { record }) } };
}

interface Work extends Begun {
  onSessions(sessionIds: readonly string[]): void;
}

interface Open extends Work {
  readonly clone: LocalClone;
  readonly config: Config;
  readonly journal: Journal;
  readonly sandbox: Sandbox;
  readonly workspace: Workspace;
  /** Where the record is kept on a ref as well. */
  readonly saving: RefSaving | null;
}

/** What is on the ref once it holds all that the journal does; null, and told, where it cannot be brought so far. */
async function caughtUp(run: LocalRun, ports: RunPorts, { place, saved }: Begun): Promise<RefChain | null> {
  try {
    return await putOnRef({ itemId: place.id, journal: join(place.directory, "journal"), clone: saved.source, secrets: secretsOf(run.model) }, ports);
  } catch (error) {
    if (!(error instanceof TerminalError) && !(error instanceof RetryableError)) throw error;
    ports.log(`The record is not kept on its ref while this run is at work: ${error.message} It is tried again at the end.`);
    return null;
  }
}

async function workOn(run: LocalRun, ports: RunPorts, work: Work): Promise<CommandResult> {
  const { place, saved } = work;
  const { directory } = place;
  // Made anew also to go on: what a run that was lost left in its files must not count as having been there before.
  ports.fs.remove(join(directory, "workspace"));
  const clone = await cloneForWork({ source: saved.source, at: saved.base.sha, directory: join(directory, "workspace"), processes: ports.processes });
  if (clone.dependencies.length > 0) ports.log(`Copied along: ${clone.dependencies.join(", ")}.`);
  const config = await committedConfig(clone);
  const redact = createRedactor(secretsOf(run.model));
  const onRef = saved.record === undefined ? null : await caughtUp(run, ports, work);
  const sandbox = await openConfined(run, ports, { ...work, clone, config });
  try {
    const journal = await openDirectoryJournal({ directory: join(directory, "journal"), fs: ports.fs, clock: ports.clock, redact });
    const workspace = await openWorkspace({ directory: clone.directory, privateDirectory: join(directory, "git"), base: clone.head, sandbox, processes: ports.processes });
    const saving = onRef === null ? null : await saveOnRef({ itemId: place.id, journal, clone: saved.source, secrets: secretsOf(run.model), from: onRef }, ports);
    try {
      return await drive(run, ports, { ...work, clone, config, journal, sandbox, workspace, saving }, redact);
    } finally {
      await saving?.stop();
      await workspace.close();
      await journal.close();
    }
  } finally {
    await sandbox.close();
  }
}

async function drive(run: LocalRun, ports: RunPorts, open: Open, redact: (text: string) => string): Promise<CommandResult> {
  const { place, saved, clone, config, sandbox } = open;
  const past = await pastDurations(run.places.data, clone.source, ports);
  if (past.words !== null) ports.log(past.words);
  const deps = await itemDeps({ model: run.model, limits: saved.limits ?? {} }, ports, { pastVerifications: past.verifications, earlierWork: () => past.work.filter(({ itemId }) => itemId !== place.id), config, journal: open.journal, redact, workspace: open.workspace, sandbox, openSlice: (id, beside) => openSlicePlace(open.workspace, sandboxOptions(run, ports, open), { id, beside }), ...(saved.workflow === undefined ? {} : { workflow: saved.workflow }) });
  const again = run.task.kind === "resume" ? run.task : null;
  if (again?.tell !== undefined) openMailbox(place.directory, () => letterName(ports)).put({ sessionId: null, text: again.tell });
  const inbox = openInbox(place.directory);
  let main = "";
  const helpers = new Set<string>();
  const onProgress = (progress: ItemProgress): void => {
    if (progress.kind === "phase") {
      main = progress.sessionId;
      helpers.clear();
    } else if (progress.kind === "helper" && progress.outcome === null) helpers.add(progress.sessionId);
    else if (progress.kind === "helper") helpers.delete(progress.sessionId);
    if (progress.kind === "phase" || progress.kind === "helper") open.onSessions([main, ...helpers]);
    deps.onProgress(progress);
  };
  let undelivered: readonly string[] = [];
  let result: ItemResult;
  try {
    result = await runItem({ ...deps, ...(again?.retry === undefined ? {} : { retry: again.retry }), saving: open.saving, steers: (sessionId) => inbox.steers(sessionId, sessionId === main), onProgress }, openingOf(place, saved, config), localRun(sandbox.mode));
  } finally {
    undelivered = inbox.close();
  }
  const branch = result.ending === "ready" ? await leaveBranch(ports, open, result) : null;
  const data = { directory: resolve(run.places.data), usual: run.places.usual };
  const leftOut = await leftOutOf(result.state.snapshot, (sha256) => open.journal.getBlob(sha256));
  return runReport({ place, source: clone.source, data, result, branch, sandbox: sandbox.mode, undelivered, leftOut });
}

/** How a run on this machine stands in the item's record. */
export const localRun = (sandbox: Sandbox["mode"]): OpenRun => ({ host: "local", runId: 0, runAttempt: 1, key: null, ticket: null, sandbox, restored: null, segments: [] });

type Opened = Pick<Open, "place" | "saved" | "clone" | "config">;

const sandboxOptions = (run: LocalRun, ports: RunPorts, { place, saved, clone, config }: Opened): Omit<SandboxOptions, "workspaceDir"> => ({
  mode: run.sandbox ?? saved.sandbox,
  processes: ports.processes,
  nodePath: ports.nodePath,
  helperPath: join(ports.packageRoot, "action", "dist", "helper.js"),
  path: run.path,
  privatePaths: [join(place.directory, "journal"), join(place.directory, "git"), clone.source],
  network: { allow: allowedHosts(config) },
});

async function openConfined(run: LocalRun, ports: RunPorts, opened: Opened): Promise<Sandbox> {
  const { clone } = opened;
  const sandbox = await openSandbox({ workspaceDir: clone.directory, ...sandboxOptions(run, ports, opened) });
  if (!sandbox.ok) throw new TerminalError(sandbox.error.message, sandbox.error.fix);
  return sandbox.value;
}

async function leaveBranch(ports: RunPorts, { clone, place, journal, workspace }: Open, result: ItemResult): Promise<{ name: string; sha: string }> {
  const { snapshot } = result.state.ended ?? {};
  if (snapshot === null || snapshot === undefined) throw new TerminalError("The item ended ready without a saved state.", "Please report this with the journal.");
  // An item that had ended before this run: its objects stand in the journal only.
  const restored = await workspace.restore(snapshot, (sha256) => journal.getBlob(sha256));
  if (!restored.ok) throw new TerminalError(restored.error.message, restored.error.fix);
  const coding = result.state.sessions.findLast((session) => session.phase === "code" || session.phase === "fix");
  const handoff = codingHandoffSchema.safeParse(coding === undefined ? null : artifactOf(coding, CONTRACT.codingHandoff));
  const subject = (handoff.success ? handoff.data.commitSubject : undefined) ?? result.state.opening?.task.title ?? "Change by WorkTrain";
  const branch = `worktrain/${place.name}`;
  const sha = await publishBranch({
    source: clone.source,
    gitDirectory: workspace.repository,
    tree: snapshot.tree,
    parent: snapshot.base,
    branch,
    message: `${subject}\n\nWorkTrain-Item: ${result.state.opening?.itemId ?? ""}\n`,
    processes: ports.processes,
  });
  return { name: branch, sha };
}
