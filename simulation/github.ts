/**
 * The local GitHub without its HTTP server: the same state machine, routes and permissions, over a git in memory. What goes wrong
 * on the way to it and back is decided here, by the world's list.
 */
import { sha256Hex } from "../src/shared/hash.ts";
import type { Fetch } from "../src/shared/ports.ts";
import { Faults } from "../src/hosts/demo/github/faults.ts";
import { serveArtifact } from "../src/hosts/demo/github/http/artifact-download.ts";
import { answerGraphQl, isGraphQlRequest } from "../src/hosts/demo/github/http/graphql.ts";
import type { Answer, Incoming } from "../src/hosts/demo/github/http/incoming.ts";
import { answerRest, wholeSeconds } from "../src/hosts/demo/github/http/rest.ts";
import type { ActionsPort } from "../src/hosts/demo/github/actions-port.ts";
import { Machine } from "../src/hosts/demo/github/machine.ts";
import { ACTIONS_BOT } from "../src/hosts/demo/github/principal.ts";
import { failure, type Reply } from "../src/hosts/demo/github/reply.ts";
import type { Permissions, Role } from "../src/hosts/demo/github/records.ts";
import type { LoggedRequest } from "../src/hosts/demo/github/request-log.ts";
import { describeMove } from "../src/hosts/demo/github/routes/git-refs.ts";
import { openActionsPort } from "../src/hosts/demo/github/runs-port.ts";
import { emptyState, known, put, type Act, type State } from "../src/hosts/demo/github/state.ts";
import { ArtifactUrls } from "../src/hosts/demo/github/tokens.ts";
import { createRepository, ensureAccount, grantRole, installApp, moveRef } from "../src/hosts/demo/github/transitions/repositories.ts";
import { diceOf } from "./dice.ts";
import { MemoryGit } from "./memory-git.ts";
import type { SimProcess } from "./process.ts";
import type { Schedule } from "./schedule.ts";
import type { Trouble } from "./trouble.ts";

export const API = "https://api.github.test";
export const GRAPHQL = `${API}/graphql`;
const BLOBS = "https://blobs.github.test";
export const OWNER = "acme";
/** Who opens and labels the issue. */
export const PERSON = "ada";
export const REPOSITORY = "sums";
export const APP = { id: 4711, slug: "worktrain" };
export const MAIN = "refs/heads/main";
/** An installation token lives so long (P-token-life). */
const TOKEN_LIFE_MS = 60 * 60_000;
/** A client gives a request up after this time. */
const CLIENT_PATIENCE_MS = 30_000;
/** How long a rate limit that the world's list orders holds. */
const RATE_LIMIT_MS = 120_000;
/** How long after a write GitHub's lists do not show it yet, where the world's list says so. */
const LATE_LISTS_MS = 7_000;

type RequestTrouble = Extract<Trouble, { kind: "request" }>["what"] | "outage" | null;

export interface SimGitHubOptions {
  readonly seed: number;
  readonly schedule: Schedule;
  readonly epochMs: number;
  readonly troubles: readonly Trouble[];
  readonly permissions: Permissions;
  /** Path to text: the first commit of the default branch. */
  readonly files: Readonly<Record<string, string>>;
  readonly trace: (line: string) => void;
}

export const addressOf = (input: Parameters<Fetch>[0]): URL => new URL(input instanceof Request ? input.url : input);

/** As a server sees them: names in small letters. */
function headersOf(headers: RequestInit["headers"] = {}): Record<string, string> {
  const entries = headers instanceof Headers ? [...headers] : Array.isArray(headers) ? headers : Object.entries(headers);
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** An answer whose text is there at once. A `Response` makes a stream of it and reads that back: more work than the rest of a request. */
function wholeText(text: string, init: ResponseInit): Response {
  const streamed = (): Response => new Response(text);
  const response = Object.assign(new Response(null, init), { text: async () => text, json: async (): Promise<unknown> => JSON.parse(text), arrayBuffer: () => streamed().arrayBuffer() });
  return Object.defineProperty(response, "body", { get: () => streamed().body });
}

export class SimGitHub {
  readonly git = new MemoryGit();
  readonly requests: LoggedRequest[] = [];
  readonly actions: ActionsPort;
  readonly repositoryId: number;
  /** Bytes of artifacts by the path their record names. */
  readonly artifactBytes = new Map<string, Uint8Array>();
  readonly machine: Machine;
  readonly #options: SimGitHubOptions;
  readonly #dice;
  readonly #artifactUrls = new ArtifactUrls(BLOBS);
  #count = 0;
  #minted = 0;
  /** Those that only the first request of a kind meets, and that have been. */
  readonly #met = new Set<Trouble>();
  /** Until when lists show the world as it was before a write. */
  #listsLateUntilMs = 0;
  #lateState: State | null = null;

  constructor(options: SimGitHubOptions) {
    this.#options = options;
    this.#dice = diceOf(options.seed, "github");
    const at = wholeSeconds(this.nowMs());
    const app = { ...APP, publicKeyPem: "", permissions: { ...options.permissions, metadata: "read" as const }, events: ["issues", "issue_comment", "pull_request", "workflow_run", "push", "repository"], createdAt: at };
    const bots = { ...emptyState(app), accounts: new Map([[ACTIONS_BOT.login, ACTIONS_BOT]]) };
    const made = createRepository(ensureAccount(ensureAccount(bots, `${APP.slug}[bot]`, "Bot").state, PERSON, "User").state, at, { owner: OWNER, name: REPOSITORY, visibility: "private", defaultBranch: "main", gitDirectory: "" });
    this.repositoryId = made.repository.id;
    this.machine = new Machine(grantRole(installApp(made.state, at, made.repository).state, PERSON, "write"));
    this.actions = openActionsPort(this.machine, () => this.nowMs());
    this.git.setRef(MAIN, this.#makeCommit(null, options.files, { message: "The first commit", parents: [] }));
  }

  nowMs(): number {
    return this.#options.epochMs + Math.floor(this.#options.schedule.nowMs());
  }

  get state(): State {
    return this.machine.state;
  }

  act(actor: string = PERSON): Act {
    return { repositoryId: this.repositoryId, actor, at: wholeSeconds(this.nowMs()) };
  }

  setRole(login: string, role: Role): void {
    this.machine.commit(grantRole(this.state, login, role));
  }

  archive(archived: boolean): void {
    const repository = known(this.state.repositories, this.repositoryId, "repository");
    this.machine.commit({ ...this.state, repositories: put(this.state.repositories, repository.id, { ...repository, archived }) });
  }

  /** Somebody's commit on a branch; without a parent where `rewrite` says so. */
  commit(ref: string, files: Readonly<Record<string, string>>, message: string, { rewrite = false }: { readonly rewrite?: boolean } = {}): void {
    void this.machine.exclusive(async () => {
      const before = this.git.ref(ref);
      const id = this.#makeCommit(before, files, { message, parents: before === null || rewrite ? [] : [before] });
      await this.git.moveRef(ref, before, id);
      this.machine.commit(moveRef(this.state, this.act(), await describeMove(this.git, ref, before, id)));
    });
  }

  #makeCommit(base: string | null, files: Readonly<Record<string, string>>, { message, parents }: { readonly message: string; readonly parents: readonly string[] }): string {
    const tree = new Map(base === null ? [] : this.git.files(base));
    for (const [path, text] of Object.entries(files)) tree.set(path, { mode: "100644", id: this.git.blob(new TextEncoder().encode(text)) });
    const author = { name: "Ada", email: "ada@example.org", date: wholeSeconds(this.nowMs()) };
    return this.git.makeCommit({ tree: this.git.tree(tree), parents, message, author, committer: author });
  }

  /** A token of the App's installation; what it may do is what the App's manifest asks for. */
  mintInstallationToken(): string {
    this.#minted += 1;
    const token = `ghs_${APP.id}_${Buffer.from(diceOf(this.#options.seed, "token", this.#minted).bytes(40)).toString("hex")}`;
    const installation = [...this.state.installations.values()][0];
    const record = {
      kind: "installation" as const,
      installationId: installation?.id ?? 0,
      repositoryIds: new Set([this.repositoryId]),
      permissions: this.state.app.permissions,
      expiresAt: wholeSeconds(this.nowMs() + TOKEN_LIFE_MS),
    };
    this.machine.commit({ ...this.state, tokens: put(this.state.tokens, sha256Hex(token), record) });
    return token;
  }

  revoke(token: string): void {
    const tokens = new Map(this.state.tokens);
    tokens.delete(sha256Hex(token));
    this.machine.commit({ ...this.state, tokens });
  }

  /** GitHub as a process reaches it. */
  fetchFor(process: SimProcess): Fetch {
    return async (input, init) => {
      const url = addressOf(input);
      const headers = headersOf(init?.headers);
      const body = typeof init?.body === "string" ? new TextEncoder().encode(init.body) : new Uint8Array();
      const incoming: Incoming = { method: init?.method ?? "GET", url, headers, body };
      const trouble = url.origin === API ? this.#nextTrouble(incoming) : null;
      const latencyMs = trouble === "slow" ? CLIENT_PATIENCE_MS - 1 : 20 + this.#dice.below(200);
      const told = (outcome: string): void => this.#options.trace(`${process.name} ${incoming.method} ${decodeURIComponent(url.pathname)}${url.origin === API ? url.search.slice(0, 60) : ""} -> ${outcome}`);
      const answer = await process.call(latencyMs, async (): Promise<Answer> => {
        const done = await this.#serve(incoming, trouble);
        told("cut" in done ? `no answer (${trouble ?? ""})` : `${done.status}${trouble === null ? "" : ` (${trouble})`}`);
        return done;
      });
      if ("cut" in answer) throw new TypeError("fetch failed", { cause: new Error("the connection was closed") });
      return this.#response(answer);
    };
  }

  #nextTrouble({ method, url }: Incoming): RequestTrouble {
    this.#count += 1;
    const write = method === "GET" ? undefined : this.#options.troubles.find((trouble) => trouble.kind === "write" && !this.#met.has(trouble) && url.pathname.endsWith(`/${trouble.to}`));
    if (write?.kind === "write") {
      this.#met.add(write);
      return write.what;
    }
    const nowMs = this.#options.schedule.nowMs();
    for (const trouble of this.#options.troubles) {
      if (trouble.kind === "outage" && nowMs >= trouble.atMs && nowMs < trouble.atMs + trouble.forMs) return "outage";
      if (trouble.kind === "request" && trouble.nth === this.#count) return trouble.what;
    }
    return null;
  }

  async #serve(incoming: Incoming, trouble: RequestTrouble): Promise<Answer> {
    switch (trouble) {
      case "lost":
        return { cut: true };
      case "answer-lost":
        await this.#apply(incoming);
        return { cut: true };
      case "answer-lost-and-lists-late":
        this.#lateState = this.state;
        this.#listsLateUntilMs = this.#options.schedule.nowMs() + LATE_LISTS_MS;
        await this.#apply(incoming);
        return { cut: true };
      case "bad-gateway":
        return failure(502, "Bad Gateway");
      case "outage":
        return failure(503, "Service Unavailable");
      case "rate-limit":
        return { ...failure(403, "API rate limit exceeded"), headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.ceil((this.nowMs() + RATE_LIMIT_MS) / 1_000)) } };
      case "secondary-limit":
        return { ...failure(403, "You have exceeded a secondary rate limit."), headers: { "retry-after": "60" } };
      case "token-refused": {
        const token = /^(?:bearer|token) (\S+)$/i.exec(incoming.headers.authorization ?? "")?.[1];
        // Of a job there is no other token to be had: it stays good, and only this one request is refused.
        if (token !== undefined && this.state.tokens.get(sha256Hex(token))?.kind === "installation") this.revoke(token);
        return failure(401, "Bad credentials");
      }
      case "slow":
      case null:
        return this.#apply(incoming);
    }
  }

  async #apply(incoming: Incoming): Promise<Answer> {
    const shared = { machine: this.machine, artifactUrls: this.#artifactUrls, nowMs: () => this.nowMs(), log: this.requests };
    if (incoming.url.origin === BLOBS) return serveArtifact(shared, incoming);
    const late = this.#isLateList(incoming);
    const machine = late === null ? this.machine : new Machine(late);
    const options = { ...shared, machine, base: API, faults: new Faults(), deliveries: () => [], redeliver: () => false, gitOf: () => this.git, copyForFork: () => Promise.reject(new Error("The simulated GitHub has one repository.")) };
    return isGraphQlRequest(incoming) ? answerGraphQl(options, incoming) : answerRest(options, incoming);
  }

  /** The world as lists show it while they are late; null when they are not. */
  #isLateList({ method, url }: Incoming): State | null {
    if (method !== "GET" || this.#options.schedule.nowMs() >= this.#listsLateUntilMs || this.#lateState === null) return null;
    return /\/(?:comments|runs|pulls|check-runs|artifacts)$/.test(url.pathname) ? { ...this.#lateState, tokens: this.state.tokens } : null;
  }

  #response({ status, headers: own, body }: Reply): Response {
    const headers = { date: new Date(this.nowMs()).toUTCString(), ...own };
    switch (body.kind) {
      case "none":
        return new Response(null, { status, headers });
      case "json":
        return wholeText(JSON.stringify(body.value), { status, headers: { ...headers, "content-type": "application/json; charset=utf-8" } });
      case "bytes":
        return new Response(Buffer.from(body.bytes), { status, headers: { ...headers, "content-type": body.contentType } });
      case "file":
        return new Response(Buffer.from(this.artifactBytes.get(body.path) ?? []), { status, headers: { ...headers, "content-type": body.contentType } });
    }
  }
}
