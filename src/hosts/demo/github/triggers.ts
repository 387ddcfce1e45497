/**
 * Runs that no dispatch starts: workflow files on the default branch that name an event, or a schedule; for a pull request those of what it merges to.
 * What a job does with `GITHUB_TOKEN` starts none of them (docs: GITHUB_TOKEN).
 */
import { parseDocument } from "yaml";
import { z } from "zod";
import type { JsonObject } from "../../../shared/json.ts";
import type { RunEvent } from "./actions-port.ts";
import type { BareRepository } from "./git/bare-repository.ts";
import { summaryOf } from "./git/git.ts";
import type { Happening } from "./happening.ts";
import type { Machine } from "./machine.ts";
import { ACTIONS_LOGIN } from "./principal.ts";
import { isPull, type Pull, type RepositoryRecord } from "./records.ts";
import { workflowSchema } from "./routes/workflow-inputs.ts";
import { known } from "./state.ts";
import { dispatchRun } from "./transitions/runs.ts";
import { triggerPayload } from "./webhooks/payloads.ts";

const DIRECTORY = ".github/workflows";
const activitiesSchema = z.looseObject({ types: z.union([z.string().transform((one) => [one]), z.array(z.string())]).optional() }).nullable();

export interface TriggerWorld {
  readonly machine: Machine;
  /** ISO 8601, whole seconds. */
  readonly at: () => string;
  readonly base: () => string;
  readonly gitOf: (repository: RepositoryRecord) => BareRepository;
}

interface Found {
  readonly path: string;
  readonly text: string;
  readonly file: z.infer<typeof workflowSchema>;
}

type Trigger = { readonly event: Exclude<RunEvent, "workflow_dispatch">; readonly payload: JsonObject; readonly pull?: Pull };

type Triggering = Happening & { readonly kind: "issues" | "issue_comment" | "pull_request" };
const isTrigger = (happening: Happening): happening is Triggering => happening.kind === "issues" || happening.kind === "issue_comment" || happening.kind === "pull_request";

/** A trigger on pull requests without `types` is started by these alone (docs: events that trigger workflows). */
const OF_A_PULL: readonly string[] = ["opened", "synchronize", "reopened"];

export class Triggers {
  readonly #world: TriggerWorld;
  /** Runs are recorded in the order in which their events happened. */
  #underway: Promise<void> = Promise.resolve();
  /** Of commits; most events come upon the same one. */
  readonly #files = new Map<string, Promise<readonly Found[]>>();

  constructor(world: TriggerWorld) {
    this.#world = world;
  }

  /** What happened starts the runs that wait for it. */
  happened(happening: Happening): void {
    if (!isTrigger(happening) || happening.actor === ACTIONS_LOGIN) return;
    const view = { state: this.#world.machine.state, base: this.#world.base() };
    const payload: JsonObject = JSON.parse(JSON.stringify(triggerPayload(view, happening)));
    const issue = happening.kind === "pull_request" ? known(this.#world.machine.state.issues, happening.issueId, "pull request") : null;
    this.#start({ repositoryId: happening.repositoryId, actor: happening.actor }, { event: happening.kind, payload, ...(issue !== null && isPull(issue) ? { pull: issue } : {}) });
  }

  /** The time of every schedule of the repository has come. */
  scheduled(repositoryId: number): void {
    const { owner } = known(this.#world.machine.state.repositories, repositoryId, "repository");
    this.#start({ repositoryId, actor: owner.login }, { event: "schedule", payload: { schedule: "7 * * * *" } });
  }

  /** Resolves when every run that is due is recorded. */
  async settled(): Promise<void> {
    for (let last: Promise<void> | null = null; last !== this.#underway; ) {
      last = this.#underway;
      await last;
    }
  }

  #start(by: { readonly repositoryId: number; readonly actor: string }, trigger: Trigger): void {
    this.#underway = this.#underway.then(() => this.#record(by, trigger));
  }

  async #record({ repositoryId, actor }: { readonly repositoryId: number; readonly actor: string }, trigger: Trigger): Promise<void> {
    const { machine, gitOf, at } = this.#world;
    const repository = known(machine.state.repositories, repositoryId, "repository");
    const git = gitOf(repository);
    const { pull } = trigger;
    if (pull !== undefined && !(await this.#waitsForPulls(git, pull))) return;
    const merge = pull === undefined ? null : await mergeCommit(git, pull, at());
    const head = pull === undefined ? await git.commitOf(repository.defaultBranch) : pull.pull.head.sha;
    const commit = head === null ? null : await git.readCommit(head);
    // Of a pull request with a conflict none is started.
    if (commit === null || (pull !== undefined && merge === null)) return;
    const of = pull === undefined || merge === null ? {} : { pull: { number: pull.number, baseRef: pull.pull.base.ref, mergeSha: merge, ...(pull.pull.head.forkId === undefined ? {} : { forkId: pull.pull.head.forkId }) } };
    for (const { path, text, file } of await this.#filesAt(git, merge ?? commit.id)) {
      if (!isStartedBy(file.on, trigger)) continue;
      const wish = { path, workflowName: file.name ?? path, headBranch: pull?.pull.head.ref ?? repository.defaultBranch, headCommit: summaryOf(commit), workflowText: text, inputs: {}, trigger, ...of };
      machine.commit(dispatchRun(machine.state, { repositoryId, actor, at: at() }, wish).state);
    }
  }

  /** Whether there is anything to merge them for. */
  async #waitsForPulls(git: BareRepository, { pull: { head, base } }: Pull): Promise<boolean> {
    const into = await git.commitOf(`refs/heads/${base.ref}`);
    const files = [...(await this.#filesAt(git, head.sha)), ...(into === null ? [] : await this.#filesAt(git, into))];
    return files.some(({ file }) => Object.hasOwn(file.on, "pull_request"));
  }

  #filesAt(git: BareRepository, commit: string): Promise<readonly Found[]> {
    const files = this.#files.get(commit) ?? readFiles(git, commit);
    this.#files.set(commit, files);
    return files;
  }
}

/** What head and base merge to, kept where GitHub keeps it; null where they conflict. */
async function mergeCommit(git: BareRepository, { number, pull: { head, base } }: Pull, at: string): Promise<string | null> {
  const into = await git.commitOf(`refs/heads/${base.ref}`);
  const tree = into === null ? null : await git.mergeTree(into, head.sha);
  if (into === null || tree === null) return null;
  const person = { name: "GitHub", email: "noreply@github.com", date: at };
  const sha = await git.writeCommit({ tree, parents: [into, head.sha], message: `Merge ${head.sha} into ${into}`, author: person, committer: person });
  const name = `refs/pull/${number}/merge`;
  await git.moveRef(name, (await git.refs(name)).find((ref) => ref.name === name)?.id ?? null, sha);
  return sha;
}

async function readFiles(git: BareRepository, commit: string): Promise<readonly Found[]> {
  const directory = await git.entryAt(commit, DIRECTORY);
  const tree = directory?.type === "tree" ? await git.readTree(commit, { recursive: true }) : null;
  const files = (tree?.entries ?? []).filter(({ path, type }) => type === "blob" && path.startsWith(`${DIRECTORY}/`) && /^[^/]+\.ya?ml$/.test(path.slice(DIRECTORY.length + 1)));
  const found: Found[] = [];
  for (const { path, id } of files) {
    const text = Buffer.from((await git.readBlob(id)) ?? []).toString("utf8");
    const document = parseDocument(text, { schema: "core", version: "1.2" });
    const file = workflowSchema.safeParse(document.errors.length === 0 ? document.toJS() : null);
    // One that is broken is started by nothing.
    if (file.success) found.push({ path, text, file: file.data });
  }
  return found;
}

/** A trigger without `types` is started by every activity of an issue or a comment. */
function isStartedBy(on: Found["file"]["on"], { event, payload }: Trigger): boolean {
  if (!Object.hasOwn(on, event)) return false;
  if (event === "schedule") return true;
  const activities = activitiesSchema.safeParse(on[event]);
  if (!activities.success) return false;
  const { action } = payload;
  const types = activities.data?.types ?? (event === "pull_request" ? OF_A_PULL : undefined);
  return types === undefined || (typeof action === "string" && types.includes(action));
}
