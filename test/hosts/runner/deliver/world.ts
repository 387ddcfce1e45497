/** A local GitHub with a repository, where the agent job of any number of items has just ended. */
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { startLocalGitHub, type LocalGitHub } from "../../../../src/hosts/demo/github/index.ts";
import { BareRepository } from "../../../../src/hosts/demo/github/git/bare-repository.ts";
import { runDeliver, type DeliverPorts, type DeliverResult, type DeliverSettings } from "../../../../src/hosts/runner/deliver/deliver.ts";
import { assembleSegments, createSegmentSaver, openDirectoryJournal, openMemoryJournal, seedDirectory, type Journal, type SegmentRef, type SegmentStore } from "../../../../src/journal/index.ts";
import { formatItemId, itemStream, recordRefOf, type ItemName } from "../../../../src/record/index.ts";
import { sha256Hex } from "../../../../src/shared/hash.ts";
import { nodeFileSystem } from "../../../../src/shared/node-ports.ts";
import { nodeProcesses } from "../../../../src/shared/node-processes.ts";
import type { Clock } from "../../../../src/shared/ports.ts";
import type { Ticket } from "../../../../src/github/trust/index.ts";
import { TASK, writeFinishedItem, type Script, type ScriptedFile } from "../../../fakes/finished-item.ts";
import { makeTicket, TICKET_PUBLIC_KEY } from "../../../fakes/tickets.ts";

const TEMPLATE = readFileSync(new URL("../../../../templates/worktrain.yml", import.meta.url), "utf8");

/** The files of the repository before any work. */
export const FILES: Readonly<Record<string, string>> = {
  "README.md": "# Sums\n",
  "src/sum.js": "export const sum = (xs) => xs.map(Math.round).reduce((a, b) => a + b, 0);\n",
  "old.txt": "to be deleted\n",
  ".github/workflows/worktrain.yml": TEMPLATE.replaceAll("__ACTION__", `your-org/worktrain/action@${"a".repeat(40)}`).replaceAll("__PUBLIC_KEY__", TICKET_PUBLIC_KEY),
};

/** A change of every kind: text, a script, a binary, a link, a deletion. */
export const EVERY_KIND: Readonly<Record<string, ScriptedFile>> = {
  "bin/run.sh": { mode: "100755", text: "#!/bin/sh\necho ok\n" },
  "logo.bin": { text: new Uint8Array([0, 255, 1, 254, 13, 10]) },
  "old.txt": { text: null },
  "src/latest": { mode: "120000", text: "sum.js" },
  "src/sum.js": { text: "export const sum = (xs) => Math.round(xs.reduce((a, b) => a + b, 0)); // ünïcode\r\n" },
};

/** What the agent changed unless a test says otherwise. */
export const CHANGE: Readonly<Record<string, ScriptedFile>> = { "src/sum.js": { text: "export const sum = (xs) => Math.round(xs.reduce((a, b) => a + b, 0));\n" } };

/** Permissions of the deliver job in the shipped workflow file. */
export const DELIVER_PERMISSIONS = { actions: "read", checks: "write", contents: "write", issues: "write", "pull-requests": "write" } as const;

/** What a request of a test's own `fetch` is about. */
export const addressOf = (input: Parameters<typeof fetch>[0]): string => (input instanceof Request ? input.url : input.toString());
export const bodyOf = (init: RequestInit | undefined): string => (typeof init?.body === "string" ? init.body : "");
/** Whether it is the GraphQL operation of that name. */
export const asks = (init: RequestInit | undefined, operation: string): boolean => bodyOf(init).includes(` ${operation}(`);

/** Time does not matter here: sleeping takes none. */
export const hastyClock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now(), sleep: () => Promise.resolve() };

export interface World {
  readonly github: LocalGitHub;
  readonly repositoryId: number;
  readonly maintainer: string;
  readonly bare: BareRepository;
  call(token: string, method: string, path: string, body?: unknown): Promise<Answered>;
  /** Commits files on main and returns the commit. */
  push(files: Readonly<Record<string, string | null>>, message: string): Promise<string>;
  /** The end of an agent job at a new issue. */
  item(wish?: ItemWish): Promise<Item>;
  close(): Promise<void>;
}

export interface ItemWish extends Partial<Omit<Script, "ticket" | "ticketText" | "runId" | "tree">> {
  readonly ticket?: Partial<Ticket>;
  /** Another run of this item, at the same issue. */
  readonly of?: Item;
  /** What that run saved is gone on from: this one only opens, since the item has its end. */
  readonly goesOn?: boolean;
  /** Name of the git tree claimed by the journal; default: the true one. */
  readonly tree?: string;
  /** Title of the run; default: as the workflow file says. */
  readonly runName?: string;
  /** Changes the journal after it was written and before it is saved. */
  readonly afterwards?: (journal: Journal) => Promise<void>;
}

export interface Item {
  readonly issueNumber: number;
  readonly runId: number;
  readonly ticket: Ticket;
  readonly ticketText: string;
  readonly tree: string;
  readonly refs: readonly SegmentRef[];
  readonly branch: string;
  readonly settings: DeliverSettings;
  /** Runs a deliver job of this item in a directory of its own. */
  deliver(settings?: Partial<DeliverSettings>, ports?: Partial<DeliverPorts>): Promise<DeliverResult>;
  /** Everything of this item that a person sees now. */
  seen(): Promise<Seen>;
}

const pullSchema = z.object({ number: z.int(), title: z.string(), body: z.string(), state: z.string(), head: z.object({ ref: z.string(), sha: z.string() }), base: z.object({ ref: z.string() }) });
const commentSchema = z.object({ id: z.int(), body: z.string() });
const checkSchema = z.object({
  id: z.int(),
  name: z.string(),
  head_sha: z.string(),
  external_id: z.string(),
  status: z.string(),
  conclusion: z.string(),
  app: z.object({ slug: z.string() }),
  output: z.object({ title: z.string(), summary: z.string(), text: z.string() }),
});
const checksSchema = z.object({ check_runs: z.array(checkSchema) });

export interface Seen {
  readonly branchHead: string | null;
  /** What the item's record ref points to. */
  readonly record: string | null;
  readonly pulls: readonly z.infer<typeof pullSchema>[];
  readonly comments: readonly z.infer<typeof commentSchema>[];
  readonly checks: readonly z.infer<typeof checkSchema>[];
}

/** What the API answered: an object or a list, not looked into. */
export interface Answered {
  readonly status: number;
  readonly body: unknown;
}

export const numberIn = (answered: Answered, field: string): number => z.object({ [field]: z.int() }).parse(answered.body)[field] ?? 0;
export const textIn = (answered: Answered, field: string): string => z.object({ [field]: z.string() }).parse(answered.body)[field] ?? "";

export async function startWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), "deliver-test-"));
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048, publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } });
  const github = await startLocalGitHub({
    directory,
    app: { id: 4242, slug: "worktrain", publicKeyPem: keys.publicKey, permissions: { actions: "write", contents: "write", issues: "write" }, webhookSecret: "a webhook secret of the tests" },
  });
  const repository = await github.createRepository({ owner: "acme", name: "sums" });
  const maintainer = github.addUser("mona", "maintain");
  const bare = new BareRepository(nodeProcesses, repository.gitDirectory);
  const call: World["call"] = async (token, method, path, body) => {
    const response = await fetch(`${github.url}/repos/acme/sums${path}`, {
      method,
      headers: { "user-agent": "tests", authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answered: unknown = text === "" ? null : JSON.parse(text);
    return { status: response.status, body: answered };
  };
  const must: World["call"] = async (...args) => {
    const answered = await call(...args);
    if (answered.status >= 300) throw new Error(`${args[1]} ${args[2]}: ${answered.status} ${JSON.stringify(answered.body)}`);
    return answered;
  };
  const push: World["push"] = async (files, message) => {
    const clone = mkdtempSync(join(directory, "clone-"));
    const git = async (...args: string[]) => {
      const identity = ["-c", "user.name=Mona", "-c", "user.email=mona@example.test", "-c", "init.defaultBranch=main"];
      const done = await nodeProcesses.run("git", [...identity, ...args], { cwd: clone, env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: directory, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" } });
      if (done.exitCode !== 0) throw new Error(Buffer.from(done.stderr).toString());
      return Buffer.from(done.stdout).toString().trim();
    };
    const remote = `${github.url.replace("http://", `http://x-access-token:${maintainer}@`)}/acme/sums.git`;
    await git("init", "--quiet");
    if ((await bare.commitOf("refs/heads/main")) !== null) await git("pull", "--quiet", remote, "main");
    for (const [path, text] of Object.entries(files)) {
      if (text === null) rmSync(join(clone, path));
      else {
        mkdirSync(dirname(join(clone, path)), { recursive: true });
        writeFileSync(join(clone, path), text);
      }
    }
    await git("add", "-A");
    await git("commit", "--quiet", "-m", message);
    await git("push", "--quiet", remote, "HEAD:refs/heads/main");
    return git("rev-parse", "HEAD");
  };
  await push(FILES, "first");

  let directories = 0;
  let runs = 0;
  const fresh = (name: string): string => {
    const made = join(directory, `${name}-${(directories += 1)}`);
    mkdirSync(made);
    return made;
  };

  return {
    github,
    repositoryId: repository.id,
    maintainer,
    bare,
    call: must,
    push,
    async item(wish = {}) {
      const issueNumber = wish.of?.issueNumber ?? numberIn(await must(maintainer, "POST", "/issues", { title: TASK.title, body: TASK.body, labels: ["worktrain:ready"] }), "number");
      const name: ItemName = { repositoryId: repository.id, subject: `issue-${issueNumber}`, attempt: 1 };
      const itemId = formatItemId(name);
      const base = (await bare.commitOf("refs/heads/main")) ?? "";
      const mona = github.state().accounts.get("mona");
      const { ticket, ticketText } = makeTicket({
        key: sha256Hex(`${itemId} ${(runs += 1)}`).slice(0, 32),
        item: itemId,
        repositoryId: repository.id,
        issueNumber,
        trigger: { kind: "issues.labeled", id: "1", actor: { login: "mona", id: mona?.id ?? 0 }, verdict: "maintain" },
        base: { ref: "main", sha: base },
        ...wish.ticket,
      });
      const inputs = { key: ticket.key, item: itemId, ticket: ticketText, task: "x" };
      const runId = numberIn(await must(maintainer, "POST", "/actions/workflows/worktrain.yml/dispatches", { ref: "main", inputs, return_run_details: true }), "workflow_run_id");
      github.actions.setRunName(runId, wish.runName ?? `WorkTrain ${itemId} ${ticket.key}`);

      const files = wish.files ?? CHANGE;
      const tree = wish.tree ?? (await treeOf(bare, base, files));
      const store = artifactStore(github, runId, fresh("artifacts"));
      const earlier = wish.goesOn === true && wish.of !== undefined ? wish.of : null;
      const journal = earlier === null ? openMemoryJournal({ clock: hastyClock }) : await goOn(github, earlier, fresh("journal"));
      const saver = createSegmentSaver({ journal, store, item: name, runId, runAttempt: 1, previous: earlier?.refs.at(-1)?.digest ?? null });
      await saver.save({ phase: "probe", step: "start", costMilliUsd: 0, ending: null });
      const concluded: Script["concluded"] = async (phase) => void (await saver.save({ phase, step: "done", costMilliUsd: 1, ending: null }));
      if (earlier === null) await writeFinishedItem(journal, { ...wish, ticket, ticketText, runId, files, tree, concluded });
      else await openAgain(journal, { itemId, runId, ticket, ticketText, committed: wish.committed ?? null });
      await wish.afterwards?.(journal);
      await saver.save({ phase: "review", step: "end", costMilliUsd: 5, ending: wish.ending?.code ?? "ready" });

      const refs = [...(earlier?.refs ?? []), ...saver.saved()];
      const settings: DeliverSettings = {
        owner: "acme",
        repo: "sums",
        repositoryId: repository.id,
        runId,
        runAttempt: 1,
        apiUrl: github.url,
        graphqlUrl: `${github.url}/graphql`,
        workflowRef: "acme/sums/.github/workflows/worktrain.yml@refs/heads/main",
        runnerTemp: "",
        key: ticket.key,
        item: itemId,
        ticket: ticketText,
        segments: JSON.stringify(refs),
        verifyResult: "",
        verified: "",
        publicKey: TICKET_PUBLIC_KEY,
        token: "",
        exchange: null,
        staged: false,
      };
      return {
        issueNumber,
        runId,
        ticket,
        ticketText,
        tree,
        refs,
        branch: `worktrain/issue-${issueNumber}-1`,
        settings,
        async deliver(change = {}, ports = {}) {
          const job = github.actions.createJob(runId, { name: "deliver", permissions: DELIVER_PERMISSIONS });
          const result = await runDeliver(
            { ...settings, runnerTemp: fresh("temp"), token: job.token, ...change },
            { clock: hastyClock, fs: nodeFileSystem, fetch: globalThis.fetch, segments: artifactStore(github, runId, fresh("artifacts")), log: () => undefined, mask: () => undefined, ...ports },
          );
          github.actions.updateJob(job.jobId, { status: "completed", conclusion: result.exitCode === 0 ? "success" : "failure" });
          return result;
        },
        async seen() {
          const branchHead = await bare.commitOf(`refs/heads/worktrain/issue-${issueNumber}-1`);
          const pulls = z.array(pullSchema).parse((await must(maintainer, "GET", `/pulls?state=all&head=acme:worktrain/issue-${issueNumber}-1`)).body);
          const comments = z.array(commentSchema).parse((await must(maintainer, "GET", `/issues/${issueNumber}/comments`)).body);
          const checks = branchHead === null ? [] : checksSchema.parse((await must(maintainer, "GET", `/commits/${branchHead}/check-runs`)).body).check_runs;
          const record = await bare.commitOf(recordRefOf(itemId));
          return { branchHead, record, pulls, comments, checks };
        },
      };
    },
    async close() {
      await github.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The journal that a run left, opened by the next one. */
async function goOn(github: LocalGitHub, { refs }: Item, directory: string): Promise<Journal> {
  const parts = refs.map(({ id, digest }) => ({ bytes: readFileSync(github.state().artifacts.get(id)?.bytesPath ?? ""), digest }));
  const assembled = assembleSegments(parts);
  if (!assembled.ok) throw new Error(assembled.error.message);
  await seedDirectory({ directory, fs: nodeFileSystem, assembled: assembled.value });
  return openDirectoryJournal({ directory, fs: nodeFileSystem, clock: hastyClock });
}

interface OpenedRun {
  readonly itemId: string;
  readonly runId: number;
  readonly ticket: Ticket;
  readonly ticketText: string;
  readonly committed: string | null;
}

async function openAgain(journal: Journal, { itemId, runId, ticket, ticketText, committed }: OpenedRun): Promise<void> {
  const stream = itemStream(itemId);
  const data = { host: "actions" as const, runId, runAttempt: 1, key: ticket.key, ticket: ticketText, sandbox: "bubblewrap" as const, restored: "what was saved", committed, segments: [] };
  const appended = await journal.append(stream, await journal.head(stream), [{ kind: "run_opened", data }]);
  if (!appended.ok) throw new Error(appended.error.message);
}

/** What git names the tree of the base with the files applied. */
export async function treeOf(bare: BareRepository, base: string, files: Readonly<Record<string, ScriptedFile>>): Promise<string> {
  const changes = [];
  for (const [path, { mode, text }] of Object.entries(files)) {
    changes.push({ path, mode: mode ?? "100644", id: text === null ? null : await bare.writeBlob(typeof text === "string" ? Buffer.from(text) : text) });
  }
  const from = await bare.readTree(base, { recursive: false });
  const written = await bare.writeTree(from?.id ?? null, changes);
  if (!written.ok) throw new Error(written.reason);
  return written.id;
}

/** Uploads segments as the artifact client does: one plain file each. */
export function artifactStore(github: LocalGitHub, runId: number, directory: string): SegmentStore {
  return {
    async put(name, bytes) {
      const bytesPath = join(directory, name);
      writeFileSync(bytesPath, bytes);
      const digest = sha256Hex(bytes);
      const { id } = github.actions.addArtifact(runId, { name, size: bytes.byteLength, digest: `sha256:${digest}`, bytesPath, contentType: "application/octet-stream" });
      return { id, runId, name, digest };
    },
  };
}
