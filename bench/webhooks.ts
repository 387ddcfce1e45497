/** What webhooks cost the App: its own CPU from a label to a dispatched run, deliveries that come to nothing, and a burst of both. */
import { fork, type ChildProcess } from "node:child_process";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import { publicTicketKey } from "../src/github/trust/index.ts";
import { startWorld, WEBHOOK_SECRET, writeFiles, type World } from "../test/hosts/demo/github/world.ts";
import { measure, type BenchRow } from "./row.ts";

/** Issues labelled for the CPU figure, after some that warm up. */
const LABELS = 60;
const WARM_UP = 100;
/** Deliveries of the throughput figure. */
const IDLE = 1_500;
const BURST = 5_000;
/** Deliveries on their way at a time. */
const AT_ONCE = 16;

/** Rows: CPU per dispatch, throughput against Probot that only verifies, and what is left of a burst. */
export async function run(): Promise<readonly BenchRow[]> {
  const world = await startWorld();
  const ticketKey = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const app = await startServer("app", { world, ticketKey });
  try {
    await prepare(world, ticketKey);
    const labels: Sent[] = [];
    // Each issue is new when it is labelled: for an older one the runs since then are listed as well.
    const all = await dispatchCpu(app, async () => {
      const { deliveries } = await labelled(world, 1, world.maintainer);
      labels.push(...deliveries);
      return deliveries;
    });
    const runs = dispatched(world);
    if (runs.length !== WARM_UP + LABELS || new Set(runs).size !== runs.length) throw new Error("Not every label came to one dispatch.");
    return [await ownCpu(all, { world, ticketKey, labels }), await throughput({ world, ticketKey, app }), ...(await burst(world, app))];
  } finally {
    await app.stop();
    await world.close();
  }
}

interface Place {
  readonly world: World;
  readonly ticketKey: string;
}

/** A repository that is ready for WorkTrain. */
async function prepare(world: World, ticketKey: string): Promise<void> {
  const clone = join(world.directory, "first-clone");
  const workflow = readFileSync(join(import.meta.dirname, "..", "templates", "worktrain.yml"), "utf8").replaceAll("__ACTION__", `acme/worktrain/action@${"a".repeat(40)}`).replaceAll("__PUBLIC_KEY__", publicTicketKey(ticketKey));
  writeFiles(clone, { ".github/workflows/worktrain.yml": workflow, ".github/worktrain.yml": "commands: { test: npm test }\n" });
  await world.git(clone, "add", "-A");
  await world.git(clone, "commit", "--quiet", "-m", "WorkTrain");
  const pushed = await world.git(clone, "push", "--quiet", world.remote(world.maintainer), "main");
  if (pushed.code !== 0) throw new Error(pushed.err);
  world.github.actions.onDispatch(({ id, inputs }) => world.github.actions.setRunName(id, `WorkTrain ${inputs["item"]} ${inputs["key"]}`));
  await world.github.settled();
}

const useSchema = z.object({ cpuMs: z.number(), rssMb: z.number() });

interface Server {
  readonly url: string;
  /** When everything it was sent is dealt with. */
  use(): Promise<z.infer<typeof useSchema>>;
  stop(): Promise<void>;
}

async function startServer(kind: "app" | "bare", { world, ticketKey }: Place, more: Readonly<Record<string, string>> = {}): Promise<Server> {
  const child = fork(join(import.meta.dirname, "app-server.ts"), [kind], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: {
      PATH: process.env["PATH"],
      APP_ID: "4242",
      PRIVATE_KEY: world.privateKeyPem,
      WEBHOOK_SECRET,
      WORKTRAIN_TICKET_KEY: ticketKey,
      GITHUB_API_URL: world.github.url,
      HOST: "127.0.0.1",
      PORT: "0",
      LOG_LEVEL: "silent",
      // No run of this bench goes anywhere.
      WORKTRAIN_POLL_SECONDS: "3600",
      // What a label costs is measured, not how long GitHub's limits hold it up: hundreds are set in seconds here.
      WORKTRAIN_GITHUB_LIMITS: "off",
      ...more,
    },
  });
  const url = z.string().parse(await answer(child));
  return {
    url,
    async use() {
      const answered = answer(child);
      child.send("use");
      return useSchema.parse(await answered);
    },
    async stop() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}

async function answer(child: ChildProcess): Promise<unknown> {
  const done = new AbortController();
  const ended = once(child, "exit", { signal: done.signal }).then(() => Promise.reject(new Error("The server of the webhook bench ended.")));
  try {
    const [message] = await Promise.race([once(child, "message", { signal: done.signal }), ended]);
    return message;
  } finally {
    done.abort();
    ended.catch(() => undefined); // Let go.
  }
}

interface Sent {
  readonly name: string;
  readonly body: string;
  readonly id: string;
}

async function send(url: string, { name, body, id }: Sent): Promise<void> {
  const signature = `sha256=${createHmac("sha256", WEBHOOK_SECRET).update(body).digest("hex")}`;
  const response = await fetch(url, { method: "POST", body, headers: { "content-type": "application/json", "x-github-event": name, "x-github-delivery": id, "x-hub-signature-256": signature } });
  await response.text();
  if (!response.ok) throw new Error(`A delivery was answered ${response.status}.`);
}

/** Sends all, some side by side, in the order given. */
async function sendAll(url: string, deliveries: readonly Sent[]): Promise<void> {
  const left = deliveries.values();
  const sender = async (): Promise<void> => {
    for (const delivery of left) await send(url, delivery);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
}

const opened = z.object({ number: z.int() });

/** Issues that were just labelled, with the deliveries GitHub made of it, sent nowhere yet. */
async function labelled(world: World, count: number, token: string): Promise<{ readonly issues: readonly number[]; readonly deliveries: readonly Sent[] }> {
  const issues: number[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const issue = await world.call(world.maintainer, "POST", "/repos/acme/calc/issues", { title: `Sum ${nth} is wrong`, body: "1 + 1 gives 0. ".repeat(40) });
    issues.push(opened.parse(issue.body).number);
  }
  await world.github.settled();
  const before = world.github.deliveries.length;
  // Nobody listens there: the deliveries are only noted.
  world.github.setWebhookUrl("http://127.0.0.1:1/");
  for (const issue of issues) await world.call(token, "POST", `/repos/acme/calc/issues/${issue}/labels`, { labels: ["worktrain:ready"] });
  await world.github.settled();
  world.github.setWebhookUrl(null);
  const deliveries = world.github.deliveries.slice(before).map(({ event, payload, guid }) => ({ name: event, body: payload, id: guid }));
  return { issues, deliveries };
}

/** Issue numbers by the runs that were dispatched for them, each as often as it has runs. */
const dispatched = (world: World): readonly number[] => [...world.github.state().runs.values()].flatMap(({ displayTitle }) => Number(/\/issue-(\d+)\//.exec(displayTitle)?.[1] ?? []));

interface LabelCost {
  readonly cpuMs: number;
  /** From the delivery until all is done. */
  readonly tookMs: number;
}

/** Of one label, in the middle of many that come one after the other. */
async function dispatchCpu(server: Server, next: () => readonly Sent[] | Promise<readonly Sent[]>): Promise<LabelCost> {
  const sendSome = async (count: number): Promise<LabelCost> => {
    let tookMs = 0;
    for (let nth = 0; nth < count; nth += 1) {
      const deliveries = await next();
      const started = performance.now();
      for (const delivery of deliveries) await send(server.url, delivery);
      await server.use();
      tookMs += performance.now() - started;
    }
    return { cpuMs: (await server.use()).cpuMs, tookMs };
  };
  const before = await sendSome(WARM_UP);
  const after = await sendSome(LABELS);
  return { cpuMs: (after.cpuMs - before.cpuMs) / LABELS, tookMs: after.tookMs / LABELS };
}

/** About what GitHub answers such requests with, in bytes. */
const ANSWER_BYTES = 4_000;

/**
 * The floor takes the same webhooks and sends as many requests with the same bodies, which anybody would have to; each is answered after the time
 * that the local GitHub took on average. A process that sleeps until an answer comes pays for every waking: of ten requests with an answer at once
 * the floor took 9 to 13 ms on the machine this was found on, with one after ten milliseconds 14.6 ms.
 */
async function ownCpu({ cpuMs: all, tookMs }: LabelCost, { world, ticketKey, labels }: Place & { readonly labels: Sent[] }): Promise<BenchRow> {
  const asked = world.github.requests.filter(({ who }) => who === "app");
  const bodies = asked.slice(-Math.round(asked.length / labels.length)).map(({ body }) => (body === null ? null : JSON.stringify(body)));
  const waitMs = Math.max(0, (tookMs - all) / bodies.length);
  const echo = createServer((request, response) => {
    request.resume();
    request.once("end", () => void setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ text: "x".repeat(ANSWER_BYTES) })), waitMs));
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  const bare = await startServer("bare", { world, ticketKey }, { BENCH_REQUESTS: JSON.stringify(bodies), BENCH_URL: `http://127.0.0.1:${(echo.address() as AddressInfo).port}/` });
  try {
    const { cpuMs: floor } = await dispatchCpu(bare, () => labels.splice(0, 1));
    const value = all - floor;
    const name = `webhooks: the App's own CPU from a label to its dispatched run (${all.toFixed(1)} ms in all, ${floor.toFixed(1)} ms of it to verify and to send ${bodies.length} requests that take ${waitMs.toFixed(1)} ms each)`;
    return { name, value, unit: "ms", floor: null, ratio: null, goal: 5, ok: value <= 5 };
  } finally {
    await bare.stop();
    echo.close();
    echo.closeAllConnections();
  }
}

const examplesSchema = z.array(z.object({ name: z.string(), examples: z.array(z.record(z.string(), z.unknown())) }));

/** Every example payload GitHub publishes, as if it came from our repository. */
function foreign(world: World): readonly (Sent & { readonly action: string })[] {
  const examples = examplesSchema.parse(createRequire(import.meta.url)("@octokit/webhooks-examples"));
  const place = { installation: { id: world.installationId }, repository: { id: world.repositoryId, name: "calc", full_name: "acme/calc", owner: { login: "acme" } } };
  return examples.flatMap(({ name, examples: payloads }) => payloads.map((payload, nth) => ({ name, body: JSON.stringify({ ...payload, ...place }), id: `${name.replaceAll("_", "-")}-${nth}`, action: typeof payload["action"] === "string" ? payload["action"] : "" })));
}

/** What the App has to ask GitHub about: whether a review is due, whether a repository is set up. Issues, comments and runs it has to as well. */
const ASKED_ABOUT: ReadonlySet<string> = new Set([...["opened", "labeled", "ready_for_review", "reopened", "synchronize"].map((action) => `pull_request.${action}`), "installation.created", "installation_repositories.added"]);
const ASKED_NAMES: ReadonlySet<string> = new Set(["issues", "issue_comment", "workflow_run"]);
/** The App looks through its repositories by a timer meanwhile. */
const MOST_REQUESTS = 30;

/** Events the App does nothing about: no request goes to GitHub for them. */
async function throughput({ app, ...place }: Place & { readonly app: Server }): Promise<BenchRow> {
  const bare = await startServer("bare", place);
  try {
    return await idleRow(app, bare, place.world);
  } finally {
    await bare.stop();
  }
}

async function idleRow(app: Server, bare: Server, world: World): Promise<BenchRow> {
  const quiet = foreign(world).filter(({ name, action }) => !ASKED_NAMES.has(name) && !ASKED_ABOUT.has(`${name}.${action}`));
  const deliveries = Array.from({ length: IDLE }, (_, nth) => quiet[nth % quiet.length]).filter((each) => each !== undefined);
  const took = async (server: Server): Promise<number> => {
    const started = performance.now();
    await sendAll(server.url, deliveries);
    return performance.now() - started;
  };
  const before = world.github.requests.length;
  const { value, floor, ratio } = await measure(() => took(app), () => took(bare), 5);
  if (world.github.requests.length - before > MOST_REQUESTS) throw new Error("Some of the deliveries that are to cause no work led to requests.");
  const rate = (ms: number): number => (IDLE / ms) * 1000;
  // Throughput at least 0.8 of the floor's: it may take 1.25 times as long.
  return { name: "webhooks that cause no work, against Probot that only verifies", value: rate(value), unit: "/s", floor: rate(floor), ratio, goal: 1.25, ok: ratio <= 1.25 };
}

/** Labels by people who may and may not, each many times over, among everything else GitHub sends, in no order. */
async function burst(world: World, app: Server): Promise<readonly BenchRow[]> {
  const before = dispatched(world);
  const wanted = await labelled(world, 40, world.maintainer);
  const refused = await labelled(world, 10, world.github.addUser("tess", "triage"));
  const labels = [...wanted.deliveries, ...refused.deliveries].flatMap((delivery) => Array.from({ length: 20 }, () => delivery));
  const others = foreign(world);
  const rest = Array.from({ length: BURST - labels.length }, (_, nth) => others[nth % others.length]).filter((each) => each !== undefined);
  const { rssMb: calm } = await app.use();
  await sendAll(app.url, shuffled([...labels, ...rest]));
  const { rssMb: value } = await app.use();
  const runs = dispatched(world).slice(before.length).toSorted((a, b) => a - b);
  const right = JSON.stringify(runs) === JSON.stringify(wanted.issues);
  const ratio = value / calm;
  return [
    { name: `webhooks: dispatches after a burst of ${BURST} mixed deliveries, ${wanted.issues.length} of them right`, value: runs.length, unit: "runs", floor: null, ratio: null, goal: wanted.issues.length, ok: right },
    { name: "webhooks: the App's memory after the burst, against before", value, unit: "MB", floor: calm, ratio, goal: 1.5, ok: ratio <= 1.5 },
  ];
}

/** The same order in every run. */
function shuffled<T>(all: readonly T[]): readonly T[] {
  let seed = 1;
  const dice = (): number => (seed = (seed * 48_271) % 2_147_483_647);
  return all.map((each) => ({ each, at: dice() })).toSorted((a, b) => a.at - b.at).map(({ each }) => each);
}
