/** The App of a simulated world: its real handlers, fed with webhooks that come late, twice or never, in a process that may end. */
import { createAppAccess, type Installation } from "../src/hosts/app/app-access.ts";
import { registerHandlers, type Delivery, type WebhookName } from "../src/hosts/app/handlers.ts";
import { installationClient } from "../src/hosts/app/installation-client.ts";
import { startReconciler } from "../src/hosts/app/reconciling/reconciler.ts";
import { createEditBudget } from "../src/hosts/app/runs/edit-budget.ts";
import { createRunFollower } from "../src/hosts/app/runs/run-follower.ts";
import { createSubjectQueue } from "../src/hosts/app/subject-queue.ts";
import type { Happening } from "../src/hosts/demo/github/happening.ts";
import type { State } from "../src/hosts/demo/github/state.ts";
import { webhookOf } from "../src/hosts/demo/github/webhooks/payloads.ts";
import { createEffectRunner } from "../src/github/write/index.ts";
import { diceOf } from "./dice.ts";
import { API, APP, GRAPHQL, OWNER, REPOSITORY, type SimGitHub } from "./github.ts";
import type { SimProcess } from "./process.ts";
import type { Schedule } from "./schedule.ts";
import type { Trouble } from "./trouble.ts";

/** How soon somebody or something starts an App that has ended. */
const RESTART_MS = 20_000;
/** Twice the App's default: between two steps of a run more polls would see the same. */
const POLL_MS = 60_000;

export interface SimAppOptions {
  readonly seed: number;
  readonly schedule: Schedule;
  readonly github: SimGitHub;
  readonly troubles: readonly Trouble[];
  readonly ticketKeyPem: string;
  readonly startProcess: () => SimProcess;
  readonly trace: (line: string) => void;
  readonly onBug: (where: string, error: unknown) => void;
}

type Handler = (delivery: Delivery) => void;
type Handlers = ReadonlyMap<string, readonly Handler[]>;

export class SimApp {
  readonly #options: SimAppOptions;
  readonly #dice;
  #running: { readonly process: SimProcess; readonly handlers: Handlers; readonly installation: Installation } | null = null;
  #webhooks = 0;
  #onTheirWay = 0;

  constructor(options: SimAppOptions) {
    this.#options = options;
    this.#dice = diceOf(options.seed, "app");
  }

  /** Whether a webhook is on its way. */
  get expectsWebhook(): boolean {
    return this.#onTheirWay > 0;
  }

  start(): void {
    const { github } = this.#options;
    this.#begin();
    github.machine.observe((happening) => queueMicrotask(() => this.#send(github.state, happening)));
  }

  #begin(): void {
    const { github, schedule, ticketKeyPem, trace, onBug } = this.#options;
    const process = this.#options.startProcess();
    const fetch = github.fetchFor(process);
    const handlers = new Map<string, Handler[]>();
    const log = {
      info: (message: string) => trace(`${process.name}: ${message}`),
      warn: (message: string) => trace(`${process.name}: ${message}`),
      error(error: unknown, message: string) {
        trace(`${process.name}: ${message}: ${error instanceof Error ? error.message : String(error)}`);
        if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) onBug(process.name, error);
      },
    };
    const tools = {
      clock: process.clock,
      log,
      dashboards: new Set<number>(),
      edits: createEditBudget(process.clock),
      queue: createSubjectQueue(log),
      follower: createRunFollower({ clock: process.clock, log, pollMs: POLL_MS }),
      effects: createEffectRunner({ clock: process.clock }),
      author: { appId: APP.id, botLogin: null },
      ticketKeyPem,
      slug: () => Promise.resolve("our-train"), workflow: { template: "", action: null, publicKey: "" },
    };
    const on = (names: WebhookName | readonly WebhookName[], handler: Handler): void => {
      for (const name of [names].flat()) handlers.set(name, [...(handlers.get(name) ?? []), handler]);
    };
    registerHandlers({ on }, tools);
    const installation = this.#installation(fetch, process.clock);
    this.#running = { process, handlers, installation };
    const place = { github: installationClient(installation, tools), repository: { owner: OWNER, repo: REPOSITORY }, repositoryId: github.repositoryId };
    startReconciler({ clock: process.clock, log, tools, world: { places: async function* () { yield place; }, redeliver: () => Promise.resolve() } });
    void process.ended.then(() => schedule.after(RESTART_MS, () => this.#begin()));
  }

  /** The App's own way to tokens, of which Probot makes what GitHub gives for an hour. */
  #installation(fetch: ReturnType<SimGitHub["fetchFor"]>, clock: SimProcess["clock"]): Installation {
    const { github } = this.#options;
    const auth = async (): Promise<unknown> => ({ token: github.mintInstallationToken(), expiresAt: new Date(clock.nowMs() + 60 * 60_000).toISOString() });
    return createAppAccess({ clock, authenticate: () => Promise.resolve({ auth }), baseUrl: API, graphqlUrl: GRAPHQL, fetch }).installation(APP.id);
  }

  #send(state: State, happening: Happening): void {
    const name = `${happening.kind}.${"action" in happening ? happening.action : ""}`;
    // What no handler of the App takes would come to nothing, whatever became of it on its way.
    if (this.#running?.handlers.has(name) !== true) return;
    const webhook = webhookOf({ state, base: API }, happening, null);
    if (webhook === null) return;
    this.#webhooks += 1;
    const nth = this.#webhooks;
    const trouble = this.#options.troubles.find((each) => each.kind === "webhook" && each.nth === nth);
    const what = trouble?.kind === "webhook" ? trouble.what : null;
    if (what !== null) this.#options.trace(`webhook ${nth} (${name}) is ${what}`);
    if (what === "lost") return;
    const payload: unknown = JSON.parse(JSON.stringify(webhook.payload));
    const deliverAfter = (delayMs: number): void => {
      this.#onTheirWay += 1;
      this.#options.schedule.after(delayMs, () => {
        this.#onTheirWay -= 1;
        this.#deliver(name, { id: `guid-${nth}`, payload });
      });
    };
    deliverAfter(50 + this.#dice.below(500) + (what === "late" ? 60_000 + this.#dice.below(600_000) : 0));
    if (what === "twice") deliverAfter(100 + this.#dice.below(20_000));
  }

  #deliver(name: string, delivery: { readonly id: string; readonly payload: unknown }): void {
    const running = this.#running;
    if (running === null || !running.process.alive) return this.#options.trace(`no App is there for ${name}`);
    for (const handler of running.handlers.get(name) ?? []) handler({ ...delivery, installation: running.installation });
  }
}
