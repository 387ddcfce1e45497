import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { sha256Hex } from "../../../shared/hash.ts";
import { nodeProcesses } from "../../../shared/node-processes.ts";
import type { Clock, Fetch, Processes } from "../../../shared/ports.ts";
import type { ActionsPort } from "./actions-port.ts";
import { Faults, type FaultOrder } from "./faults.ts";
import { BareRepository } from "./git/bare-repository.ts";
import { forkRepository, initRepository } from "./git/run-git.ts";
import type { Happening } from "./happening.ts";
import { serveArtifact } from "./http/artifact-download.ts";
import { listen, stop, type Answer, type Incoming } from "./http/incoming.ts";
import { answerGraphQl, isGraphQlRequest } from "./http/graphql.ts";
import { answerRest, wholeSeconds } from "./http/rest.ts";
import { answerGit, isGitRequest } from "./http/smart-git.ts";
import { Machine } from "./machine.ts";
import { ACTIONS_BOT } from "./principal.ts";
import type { Permissions, RepositoryRecord, Role } from "./records.ts";
import type { LoggedRequest } from "./request-log.ts";
import { measure } from "./routes/pulls.ts";
import { openActionsPort, secretKey } from "./runs-port.ts";
import { emptyState, known, put, takeId, type State } from "./state.ts";
import { timelineOf, type TimelineEntry } from "./timeline.ts";
import { ArtifactUrls, mintUserToken } from "./tokens.ts";
import { mergeArmed, readyToMerge } from "./merge-rules.ts";
import { pressButton } from "./transitions/checks.ts";
import { Triggers } from "./triggers.ts";
import { createRepository, ensureAccount, grantRole, installApp } from "./transitions/repositories.ts";
import { Deliverer, type Delivery } from "./webhooks/deliverer.ts";
import { webhookOf, type Webhook } from "./webhooks/payloads.ts";

export interface LocalGitHubOptions {
  /** Absolute; holds the bare repositories: `repo.git` is the first one, `repo-2.git` the next. */
  readonly directory: string;
  readonly app: {
    readonly id: number;
    readonly slug: string;
    /** Of the key the App signs its JWTs with. */
    readonly publicKeyPem: string;
    /** As granted, e.g. `{ metadata: "read", issues: "write" }`. */
    readonly permissions: Permissions;
    readonly webhookUrl?: string;
    readonly webhookSecret: string;
    /** Subscribed events; default: those of WorkTrain's manifest, and conversations that are resolved. */
    readonly events?: readonly string[];
  };
  /** Default: the machine's. */
  readonly clock?: Pick<Clock, "nowMs">;
  readonly fetch?: Fetch;
  readonly processes?: Processes;
}

const DEFAULT_EVENTS = [
  "issues",
  "issue_comment",
  "pull_request",
  "pull_request_review",
  "pull_request_review_comment",
  "workflow_run",
  "push",
  "pull_request_review_thread",
  "status",
  "merge_group",
];

/** What of a manifest the local GitHub keeps. */
export interface AcceptedManifest {
  readonly owner: string;
  readonly name: string;
  readonly default_permissions: Permissions;
  readonly default_events: readonly string[];
}

export interface NewRepositoryOptions {
  readonly owner: string;
  readonly name: string;
  /** Default: private. */
  readonly visibility?: "public" | "private";
  /** Default: main. */
  readonly defaultBranch?: string;
}

/** A GitHub on 127.0.0.1: REST, the GraphQL we send, git over HTTP, webhooks; everything in it is made by requests or by these methods. */
export interface LocalGitHub {
  /** Base address of the API, of git (`<url>/<owner>/<name>.git`) and of page links; no slash at the end. */
  readonly url: string;
  readonly actions: ActionsPort;
  /** Every request so far, oldest first. */
  readonly requests: readonly LoggedRequest[];
  /** Every webhook delivery attempt so far, in the order they ended. */
  readonly deliveries: readonly Delivery[];
  state(): State;
  /** An empty bare repository; files come by git. */
  createRepository(wish: NewRepositoryOptions): Promise<RepositoryRecord>;
  /**
   * A person with a role in every repository there is (or in the one named), and a token of theirs.
   * Again with another role: the role changes, and there is one more token.
   */
  addUser(login: string, role: Role, repositoryId?: number): string;
  /** Installs the App; returns the installation's id. */
  installApp(repositoryId: number): number;
  /** A person agrees to an App's manifest on GitHub's page. Returns the code that the browser is sent back with. */
  acceptManifest(manifest: AcceptedManifest): string;
  setEnvironmentSecret(environment: string, name: string, value: string): void;
  archiveRepository(repositoryId: number): void;
  /** What the settings and the default branch's rules say of merging. */
  setMergeRules(repositoryId: number, rules: Pick<RepositoryRecord, "autoMergeAllowed" | "requiredChecks">): void;
  /** Starts every workflow of the repository that names a schedule. */
  fireSchedules(repositoryId: number): void;
  /** A person presses a button that a check run shows. */
  pressButton(login: string, pressed: { readonly checkRunId: number; readonly identifier: string }): void;
  setWebhookUrl(url: string | null): void;
  redeliver(deliveryId: number): Promise<Delivery>;
  /** Resolves when no webhook delivery is under way. */
  settled(): Promise<void>;
  /** Who did what to an issue or pull request. */
  timeline(repositoryId: number, number: number): readonly TimelineEntry[];
  failNext(fault: FaultOrder): void;
  close(): Promise<void>;
}

/** Starts a local GitHub with one registered App. */
export async function startLocalGitHub(options: LocalGitHubOptions): Promise<LocalGitHub> {
  const github = new RunningGitHub(options);
  await github.start();
  return github;
}

class RunningGitHub implements LocalGitHub {
  readonly actions: ActionsPort;
  readonly requests: LoggedRequest[] = [];
  readonly #directory: string;
  readonly #processes: Processes;
  readonly #nowMs: () => number;
  readonly #machine: Machine;
  readonly #deliverer: Deliverer;
  readonly #triggers: Triggers;
  readonly #faults = new Faults();
  readonly #gits = new Map<string, BareRepository>();
  #servers: readonly Server[] = [];
  #merging: Promise<void> = Promise.resolve();
  #url = "";

  constructor(options: LocalGitHubOptions) {
    const { clock, app } = options;
    this.#directory = options.directory;
    this.#processes = options.processes ?? nodeProcesses;
    this.#nowMs = () => clock?.nowMs() ?? Date.now();
    this.#machine = new Machine(firstState(app, this.#at()));
    this.actions = openActionsPort(this.#machine, this.#nowMs);
    this.#deliverer = new Deliverer(app.webhookUrl ?? null, {
      secret: app.webhookSecret,
      appId: app.id,
      clock: { nowMs: this.#nowMs },
      fetch: options.fetch ?? globalThis.fetch,
    });
    this.#machine.observe((happening) => {
      if (happening.kind === "check_run" && happening.action === "completed") this.#merging = this.#merging.then(() => this.#mergeReady());
    });
    this.#triggers = new Triggers({ machine: this.#machine, at: () => this.#at(), base: () => this.#url, gitOf: (repository) => this.#gitOf(repository) });
    this.#machine.observe((happening) => this.#triggers.happened(happening));
    // Told after every other observer, those added later included: a dispatched run has its name by then.
    this.#machine.observe((happening) => queueMicrotask(() => this.#deliverer.send(happening.kind, this.#webhookOf(this.#machine.state, happening))));
  }

  async start(): Promise<void> {
    const { requests: log } = this;
    const shared = { machine: this.#machine, processes: this.#processes, nowMs: this.#nowMs, gitOf: this.#gitOf, log };
    const blobs = await listen((request) => Promise.resolve(serveArtifact({ ...shared, artifactUrls }, request)));
    const artifactUrls = new ArtifactUrls(blobs.base);
    const answer = (request: Incoming): Promise<Answer> => {
      if (isGitRequest(request)) return answerGit(shared, request);
      const options = { ...shared, base: this.#url, artifactUrls, faults: this.#faults, copyForFork: this.#copyForFork, deliveries: () => this.#deliverer.deliveries, redeliver: (id: number) => this.#deliverer.beginRedelivery(id) };
      return isGraphQlRequest(request) ? answerGraphQl(options, request) : answerRest(options, request);
    };
    const api = await listen(answer);
    this.#servers = [api.server, blobs.server];
    this.#url = api.base;
  }

  get url(): string {
    return this.#url;
  }

  get deliveries(): readonly Delivery[] {
    return this.#deliverer.deliveries;
  }

  state(): State {
    return this.#machine.state;
  }

  #nextGitDirectory(): string {
    const count = this.#machine.state.repositories.size;
    mkdirSync(this.#directory, { recursive: true });
    return join(this.#directory, count === 0 ? "repo.git" : `repo-${count + 1}.git`);
  }

  readonly #copyForFork = async ({ gitDirectory: from, defaultBranch }: RepositoryRecord, only: "default branch" | "all"): Promise<string> => {
    const to = this.#nextGitDirectory();
    await forkRepository(this.#processes, { from, to, defaultBranch, only });
    return to;
  };

  async createRepository({ owner, name, visibility = "private", defaultBranch = "main" }: NewRepositoryOptions): Promise<RepositoryRecord> {
    const gitDirectory = this.#nextGitDirectory();
    const made = createRepository(this.#machine.state, this.#at(), { owner, name, visibility, defaultBranch, gitDirectory });
    this.#machine.commit(made.state);
    await initRepository(this.#processes, gitDirectory, defaultBranch);
    return made.repository;
  }

  addUser(login: string, role: Role, repositoryId?: number): string {
    const token = mintUserToken();
    const made = ensureAccount(this.#machine.state, login, "User");
    const granted = grantRole(made.state, login, role, repositoryId);
    this.#machine.commit({ ...granted, tokens: put(granted.tokens, sha256Hex(token), { kind: "user", login: made.account.login }) });
    return token;
  }

  installApp(repositoryId: number): number {
    const made = installApp(this.#machine.state, this.#at(), this.#repository(repositoryId));
    this.#machine.commit(made.state);
    return made.installationId;
  }

  acceptManifest({ owner, name, default_permissions: permissions, default_events: events }: AcceptedManifest): string {
    const account = ensureAccount(this.#machine.state, owner, "User");
    const taken = takeId(account.state);
    const code = randomBytes(20).toString("hex");
    const { privateKey: pem } = generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding: { type: "pkcs1", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" } });
    const record = { id: taken.id, owner: account.account, name, permissions, events, pem, webhookSecret: randomBytes(20).toString("hex"), createdAt: this.#at() };
    this.#machine.commit({ ...taken.state, manifests: put(taken.state.manifests, code, record) });
    return code;
  }

  setEnvironmentSecret(environment: string, name: string, value: string): void {
    const { state } = this.#machine;
    this.#machine.commit({ ...state, secrets: put(state.secrets, secretKey(environment, name), value) });
  }

  archiveRepository(repositoryId: number): void {
    const { state } = this.#machine;
    this.#machine.commit({ ...state, repositories: put(state.repositories, repositoryId, { ...this.#repository(repositoryId), archived: true }) });
  }

  setMergeRules(repositoryId: number, rules: Pick<RepositoryRecord, "autoMergeAllowed" | "requiredChecks">): void {
    const { state } = this.#machine;
    this.#machine.commit({ ...state, repositories: put(state.repositories, repositoryId, { ...this.#repository(repositoryId), ...rules }) });
  }

  fireSchedules(repositoryId: number): void {
    this.#triggers.scheduled(repositoryId);
  }

  pressButton(login: string, pressed: { readonly checkRunId: number; readonly identifier: string }): void {
    const { state } = this.#machine;
    const { repositoryId } = known(state.checkRuns, pressed.checkRunId, "check run");
    this.#machine.commit(pressButton(state, { repositoryId, actor: login, at: this.#at() }, pressed));
  }

  setWebhookUrl(url: string | null): void {
    this.#deliverer.setUrl(url);
  }

  redeliver(deliveryId: number): Promise<Delivery> {
    return this.#deliverer.redeliver(deliveryId);
  }

  /** Merges every armed pull request that has nothing left to wait for. */
  async #mergeReady(): Promise<void> {
    await this.#machine.exclusive(async () => {
      for (const pull of readyToMerge(this.#machine.state)) {
        this.#machine.commit(await mergeArmed(this.#machine.state, this.#gitOf(this.#repository(pull.repositoryId)), { pull, at: this.#at() }));
      }
    });
  }

  async settled(): Promise<void> {
    await this.#merging;
    await this.#triggers.settled();
    await Promise.resolve(); // the webhooks of a change just made start in a microtask
    await this.#deliverer.settled();
  }

  timeline(repositoryId: number, number: number): readonly TimelineEntry[] {
    return timelineOf(this.#machine.state, repositoryId, number);
  }

  failNext(fault: FaultOrder): void {
    this.#faults.order(fault);
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map(stop));
    await this.settled();
  }

  #at(): string {
    return wholeSeconds(this.#nowMs());
  }

  readonly #gitOf = (repository: RepositoryRecord): BareRepository => {
    const { gitDirectory } = repository;
    const git = this.#gits.get(gitDirectory) ?? new BareRepository(this.#processes, gitDirectory);
    this.#gits.set(gitDirectory, git);
    return git;
  };

  #repository(id: number): RepositoryRecord {
    return known(this.#machine.state.repositories, id, "repository");
  }

  async #webhookOf(state: State, happening: Happening): Promise<Webhook | null> {
    const pull = happening.kind === "pull_request" ? (state.issues.get(happening.issueId)?.pull ?? null) : null;
    const git = this.#gitOf(known(state.repositories, happening.repositoryId, "repository"));
    const measured = pull === null ? null : await measure(git, { head: pull.head.sha, base: pull.base.sha });
    return webhookOf({ state, base: this.#url }, happening, measured);
  }
}

function firstState(app: LocalGitHubOptions["app"], at: string): State {
  const { id, slug, publicKeyPem, permissions } = app;
  const record = {
    id,
    slug,
    publicKeyPem,
    permissions: { ...permissions, metadata: "read" as const },
    events: app.events ?? DEFAULT_EVENTS,
    createdAt: at,
  };
  const state = emptyState(record);
  const bots = { ...state, accounts: put(state.accounts, ACTIONS_BOT.login, ACTIONS_BOT) };
  return ensureAccount(bots, `${slug}[bot]`, "Bot").state;
}
