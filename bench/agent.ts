/** What a conversation costs: in tokens, by the cache's rules, and in CPU time and bytes of the loop itself. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { costMicroUsd, runAgent, type Tool } from "../src/agent/index.ts";
import { openMemoryJournal } from "../src/journal/index.ts";
import { modelPrice, type ModelPrice } from "../src/shared/models.ts";
import { nodeClock } from "../src/shared/node-ports.ts";
import type { Head } from "../src/record/index.ts";
import { FIRST_MESSAGE, resultOf, sizesInWords, SYSTEM } from "./agent-conversation.ts";
import { median, type BenchRow } from "./row.ts";

const MODEL = "claude-sonnet-5-5";
const KEY = "bench-key";
const STREAM = "session/bench";
/** Conversations played for the CPU figure, after one that warms up. */
const RUNS = 3;

/** Rows for 20, 60 and 150 turns: share of what can be read from the cache, input cost, CPU time and journal bytes a turn. */
export async function run(): Promise<readonly BenchRow[]> {
  const priced = modelPrice(MODEL);
  if (!priced.ok) throw new Error(priced.error.message);
  await play(60);
  const rows: BenchRow[] = [];
  for (const turns of [20, 60, 150]) rows.push(...(await rowsOf(turns, priced.value)));
  return rows;
}

async function rowsOf(turns: number, price: ModelPrice): Promise<readonly BenchRow[]> {
  const plays: Played[] = [];
  for (let nth = 0; nth < RUNS; nth += 1) plays.push(await play(turns));
  const { usages, journal } = plays[0] ?? (await play(turns));
  const totals = usages.map((usage) => usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens);
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);
  const read = sum(usages.map((usage) => usage.cache_read_input_tokens));
  // A request can read at most what the one before it sent; the first has nothing to read.
  const possible = sum(totals.slice(0, -1));
  const costs = usages.map((usage) => inputCost(price, usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens));
  const uncached = sum(totals.map((tokens) => inputCost(price, tokens, 0, 0)));
  const name = `agent, ${turns} turns (${sizesInWords()}, ${Math.round(sum(totals) / 1_000)}k input tokens)`;
  const row = (what: string, value: number, unit: string, goal: number, ok: boolean): BenchRow => ({ name: `${name}: ${what}`, value, unit, floor: null, ratio: null, goal, ok });
  const share = (read / possible) * 100;
  const cost = sum(costs) / uncached;
  const wholeMs = median(plays.map((played) => played.cpuMs)) / turns;
  const floorMs = median(plays.map((played) => played.floorMs)) / turns;
  const ownMs = median(plays.map((played) => played.cpuMs - played.floorMs)) / turns;
  return [
    row("input read from the cache, of what is possible", share, "%", 95, share >= 95),
    row("input cost against no caching", cost, "x", turns >= 60 ? 0.25 : 0.5, cost <= (turns >= 60 ? 0.25 : 0.5)),
    row(`the loop's own CPU per turn, journaling included (${wholeMs.toFixed(1)} ms in all, ${floorMs.toFixed(1)} ms of it to write, send and receive the same bytes)`, ownMs, "ms", 5, ownMs < 5),
    { name: `${name}: bytes journaled per turn`, value: journal.bytes / turns, unit: "B", floor: journal.content / turns, ratio: journal.bytes / journal.content, goal: 1.75, ok: journal.bytes <= 1.75 * journal.content },
  ];
}

const inputCost = (price: ModelPrice, inputTokens: number, cacheReadTokens: number, cacheWriteTokens: number): number =>
  costMicroUsd(price, { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens: 0 });

const usageSchema = z.array(z.object({ input_tokens: z.number(), cache_read_input_tokens: z.number(), cache_creation_input_tokens: z.number() }));

interface Played {
  readonly usages: z.infer<typeof usageSchema>;
  /** CPU time of this process, the server's not in it. */
  readonly cpuMs: number;
  /** What a bare client takes for the same conversation: each body made into JSON, sent, and the answer read to its end. */
  readonly floorMs: number;
  /** Bytes of the log, and of what was said and given back in it. */
  readonly journal: { readonly bytes: number; readonly content: number };
}

/** One conversation against a server that nothing was asked of before. */
async function play(turns: number): Promise<Played> {
  const server = fork(new URL("./agent-server.ts", import.meta.url), [KEY, String(turns)], { stdio: "inherit" });
  try {
    const baseUrl = z.string().parse(await said(server));
    const bodies: string[] = [];
    const listening: typeof fetch = (input, init) => {
      bodies.push(typeof init?.body === "string" ? init.body : "");
      return fetch(input, init);
    };
    const journal = openMemoryJournal({ clock: nodeClock });
    let head: Head | null = null;
    const before = process.cpuUsage();
    const end = await runAgent({
      endpoint: { apiKey: KEY, baseUrl, fetch: listening },
      model: MODEL,
      system: SYSTEM,
      firstMessage: FIRST_MESSAGE,
      tools: tools(),
      mayUse: () => null,
      budget: { maxTurns: turns + 1, maxTokens: 1_000_000_000, maxCostMicroUsd: 1_000_000_000, maxMs: 3_600_000 },
      log: {
        record: async (event) => {
          const appended = await journal.append(STREAM, head, [event]);
          if (!appended.ok) throw new Error(appended.error.message);
          head = appended.value;
        },
        putBlob: (bytes) => journal.putBlob(bytes),
      },
      history: [],
      clock: nodeClock,
      reminder: () => "Go on.",
    });
    const used = process.cpuUsage(before);
    if (end.code !== "completed" || end.turns !== turns) throw new Error(`The conversation ended as ${end.code} after ${end.turns} turns: ${end.message}`);
    const { lines } = await journal.since(null);
    server.send("usage");
    const usages = usageSchema.parse(await said(server));
    return { usages, cpuMs: inMs(used), floorMs: await bareClient(baseUrl, bodies), journal: journalSize(lines) };
  } finally {
    if (server.connected) server.disconnect();
  }
}

function journalSize(lines: readonly string[]): Played["journal"] {
  const contentOf = (line: string): number => {
    const { data } = z.object({ data: z.object({ content: z.json().optional() }) }).parse(JSON.parse(line));
    return data.content === undefined ? 0 : Buffer.byteLength(JSON.stringify(data.content));
  };
  return lines.reduce((size, line) => ({ bytes: size.bytes + Buffer.byteLength(line) + 1, content: size.content + contentOf(line) }), { bytes: 0, content: 0 });
}

const inMs = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1_000;

async function bareClient(baseUrl: string, bodies: readonly string[]): Promise<number> {
  const parsed: unknown[] = bodies.map((body) => JSON.parse(body));
  const headers = { "content-type": "application/json", "anthropic-version": "2023-06-01", "x-api-key": KEY };
  const before = process.cpuUsage();
  for (const body of parsed) {
    const response = await fetch(`${baseUrl}/v1/messages`, { method: "POST", headers, body: JSON.stringify(body) });
    for await (const _ of response.body ?? []);
    if (!response.ok) throw new Error(`The bare client got ${response.status}.`);
  }
  return inMs(process.cpuUsage(before));
}

const said = async (server: ChildProcess): Promise<unknown> => (await once(server, "message"))[0];

function tools(): readonly Tool[] {
  let calls = 0;
  const schema = z.object({ path: z.string().describe("File, relative to the workspace."), text: z.string().describe("What to look for, or to put there.") });
  const work = ["read", "grep", "edit", "bash"].map((name) => ({
    name,
    description: `The tool ${name}. ${"It says in a few lines what it does, what it takes and what goes wrong. ".repeat(4)}`,
    schema,
    readOnly: name === "read" || name === "grep",
    run: async () => ({ content: resultOf((calls += 1)), isError: false }),
  }));
  return [...work, { name: "done", description: "Ends the work.", schema: z.object({}), readOnly: false, run: async () => ({ content: "Done.", isError: false, ends: true }) }];
}
