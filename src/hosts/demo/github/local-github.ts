import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { sha256Hex } from "../../../shared/hash.ts";
import { nodeProcesses } from "../../../shared/node-processes.ts";
import type { Clock, Fetch, Processes } from "../../../shared/ports.ts";
import type { ActionsPort } from "./actions-port.ts";
import { Faults, type FaultOrder } from "./faults.ts";
import { BareRepository } from "./git/bare-repository.ts";
import { initRepository } from "./git/run-git.ts";
import { listen, stop, type Answer, type Incoming } from "./http/incoming.ts";
import { answerRest, wholeSeconds } from "./http/rest.ts";
import { answerGit, isGitRequest } from "./http/smart-git.ts";
import { Machine } from "./machine.ts";
import type { Happening } from "./happening.ts";
import { measure } from "./routes/pulls.ts";
import { ACTIONS_BOT } from "./principal.ts";
import type { Permissions, RepositoryRecord, Role } from "./records.ts";
import { failure } from "./reply.ts";
import type { LoggedRequest } from "./request-log.ts";
import { openActionsPort, secretKey } from "./runs-port.ts";
import { emptyState, known, put, type State } from "./state.ts";
import { timelineOf, type TimelineEntry } from "./timeline.ts";
import { ArtifactUrls, mintUserToken } from "./tokens.ts";
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
    /** Subscribed events; default: those of WorkTrain's manifest. */
    readonly events?: readonly string[];
  };
  /** Default: the machine's. */
  readonly clock?: Pick<Clock, "nowMs">;
  readonly fetch?: Fetch;
  readonly processes?: Processes;
}

const DEFAULT_EVENTS = ["issues", "issue_comment", "pull_request", "pull_request_review", "pull_request_review_comment", "pull_request_review_thread", "workflow_run", "push", "repository"];

/** A GitHub on 127.0.0.1: REST, git over HTTP, webhooks; everything in it is made by requests or by these methods. */
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
  createRepository(wish: { readonly owner: string; readonly name: string; readonly visibility?: "public" | "private"; readonly defaultBranch?: string }): Promise<RepositoryRecord>;
  /** A person with a role in every repository there is (or in the one named), and a token of theirs. Again with another role: the role changes, a new token. */
  addUser(login: string, role: Role, repositoryId?: number): string;
  /** Installs the App; returns the installation's id. */
  installApp(repositoryId: number): number;
  setEnvironmentSecret(environment: string, name: string, value: string): void;
  archiveRepository(repositoryId: number): void;
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
  const nowMs = (): number => options.clock?.nowMs() ?? Date.now();
  const processes = options.processes ?? nodeProcesses;
  const machine = new Machine(firstState(options, wholeSeconds(nowMs())));
  const log: LoggedRequest[] = [];
  const faults = new Faults();
  const gitOf = (repository: RepositoryRecord): BareRepository => new BareRepository(processes, repository.gitDirectory);

  const blobs = await listen((request) => Promise.resolve(serveArtifact(request)));
  const artifactUrls = new ArtifactUrls(blobs.base);
  const api = await listen((request) => answer(request));
  const shared = { machine, processes, nowMs, gitOf, log };
  const answer = (request: Incoming): Promise<Answer> => (isGitRequest(request) ? answerGit(shared, request) : answerRest({ ...shared, base: api.base, artifactUrls, faults }, request));

  function serveArtifact({ url, headers, method }: Incoming): Answer {
    const id = artifactUrls.open(url, nowMs());
    const artifact = id === null ? undefined : machine.state.artifacts.get(id);
    // Blob storage refuses a request that carries somebody else's credentials beside the signature.
    const reply = headers.authorization !== undefined || artifact === undefined || method !== "GET" ? failure(403, "Server failed to authenticate the request.") : null;
    log.push({ at: new Date(nowMs()).toISOString(), kind: "artifact-download", method, route: "/artifacts/{artifact_id}", path: url.pathname, query: {}, body: null, token: "none", who: "anonymous", jobId: null, status: reply?.status ?? 200, faulted: false });
    return reply ?? { status: 200, headers: { "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(artifact?.name ?? "")}` }, body: { kind: "file", path: artifact?.bytesPath ?? "", contentType: artifact?.contentType ?? "" } };
  }

  const actions = openActionsPort(machine, nowMs);
  const deliverer = new Deliverer(options.app.webhookUrl ?? null, { secret: options.app.webhookSecret, appId: options.app.id, clock: { nowMs }, fetch: options.fetch ?? globalThis.fetch });
  machine.observe((happening) => {
    // A run that is dispatched is named by the observers of the Actions part, which may be added later: tell after all of them.
    queueMicrotask(() => deliverer.send(webhookFor(machine.state, happening)));
  });

  async function webhookFor(state: State, happening: Happening): Promise<Webhook | null> {
    const pull = happening.kind === "pull_request" ? state.issues.get(happening.issueId)?.pull : null;
    const git = gitOf(known(state.repositories, happening.repositoryId, "repository"));
    const measured = pull == null ? null : await measure(git, { head: pull.head.sha, base: pull.base.sha });
    return webhookOf({ state, base: api.base }, happening, measured);
  }

  return {
    url: api.base,
    actions,
    requests: log,
    deliveries: deliverer.deliveries,
    state: () => machine.state,
    async createRepository({ owner, name, visibility = "private", defaultBranch = "main" }) {
      const count = machine.state.repositories.size;
      const gitDirectory = join(options.directory, count === 0 ? "repo.git" : `repo-${count + 1}.git`);
      mkdirSync(options.directory, { recursive: true });
      const made = createRepository(machine.state, wholeSeconds(nowMs()), { owner, name, visibility, defaultBranch, gitDirectory });
      machine.commit(made.state);
      await initRepository(processes, gitDirectory, defaultBranch);
      return made.repository;
    },
    addUser(login, role, repositoryId) {
      const token = mintUserToken();
      const made = ensureAccount(machine.state, login, "User");
      const granted = grantRole(made.state, login, role, repositoryId);
      machine.commit({ ...granted, tokens: put(granted.tokens, sha256Hex(token), { kind: "user", login: made.account.login }) });
      return token;
    },
    installApp(repositoryId) {
      const made = installApp(machine.state, wholeSeconds(nowMs()), known(machine.state.repositories, repositoryId, "repository"));
      machine.commit(made.state);
      return made.installationId;
    },
    setEnvironmentSecret(environment, name, value) {
      machine.commit({ ...machine.state, secrets: put(machine.state.secrets, secretKey(environment, name), value) });
    },
    archiveRepository(repositoryId) {
      const repository = known(machine.state.repositories, repositoryId, "repository");
      machine.commit({ ...machine.state, repositories: put(machine.state.repositories, repositoryId, { ...repository, archived: true }) });
    },
    setWebhookUrl: (url) => deliverer.setUrl(url),
    redeliver: (deliveryId) => deliverer.redeliver(deliveryId),
    async settled() {
      await Promise.resolve(); // webhooks of the change just made are started in a microtask
      await deliverer.settled();
    },
    timeline: (repositoryId, number) => timelineOf(machine.state, repositoryId, number),
    failNext: (fault) => faults.order(fault),
    async close() {
      await stop(api.server);
      await stop(blobs.server);
      await deliverer.settled();
    },
  };
}

function firstState({ app }: LocalGitHubOptions, at: string): State {
  const { id, slug, publicKeyPem, permissions } = app;
  const state = emptyState({ id, slug, publicKeyPem, permissions: { ...permissions, metadata: "read" }, events: app.events ?? DEFAULT_EVENTS, createdAt: at });
  const bots = { ...state, accounts: put(state.accounts, ACTIONS_BOT.login, ACTIONS_BOT) };
  return ensureAccount(bots, `${slug}[bot]`, "Bot").state;
}
