/** A run against the model server over real HTTP, with a fake clock and a log that keeps what the journal would give back. */
import { afterEach } from "vitest";
import { z } from "zod";
import { runAgent, type AgentEnd, type AgentOptions, type Tool, type ToolResult } from "../../src/agent/index.ts";
import { startModelServer, type AnswerBlock, type MessagesRequest, type ModelAnswer, type ModelServer } from "../../src/hosts/demo/model/index.ts";
import { agentEventSchema, EVENT_LIMIT_BYTES, type AgentEvent, type Recorded } from "../../src/record/index.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { canonicalJson } from "../../src/shared/json.ts";
import { fakeClock, type FakeClock } from "../fakes/clock.ts";

export const API_KEY = "test-key";
export const MODEL = "claude-sonnet-5-5";
export const REMINDER = "You have not completed the step.";

const opened: ModelServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

export type Script = readonly (ModelAnswer | readonly AnswerBlock[])[] | ((request: MessagesRequest, count: number) => ModelAnswer | Promise<ModelAnswer>);

/** A server that answers the n-th request with the n-th answer; past the end it ends its turn. */
export async function openModel(script: Script, clock: FakeClock = fakeClock()): Promise<ModelServer> {
  let count = 0;
  const answer = (request: MessagesRequest): ModelAnswer | Promise<ModelAnswer> => {
    const at = count++;
    if (typeof script === "function") return script(request, at);
    const next = script[at] ?? [{ type: "text", text: "I have nothing more to say." }];
    return "kind" in next ? next : { kind: "message", content: next };
  };
  const server = await startModelServer({ apiKey: API_KEY, clock, answer });
  opened.push(server);
  return server;
}

export const call = (name: string, input: Record<string, string | number> = {}, id?: string): AnswerBlock => ({ type: "tool_use", name, input, ...(id === undefined ? {} : { id }) });
export const say = (text: string): AnswerBlock => ({ type: "text", text });

type Run = (input: unknown, context: Parameters<Tool["run"]>[1]) => Promise<ToolResult> | ToolResult;

export const tool = (name: string, run: Run = () => ({ content: `${name} ran`, isError: false }), readOnly = false, schema: z.ZodType = z.object({})): Tool => ({
  name,
  description: `The tool ${name}.`,
  schema,
  readOnly,
  run: async (input, context) => run(input, context),
});

export const reader = (run: Run = (input) => ({ content: `read ${JSON.stringify(input)}`, isError: false })): Tool =>
  tool("read", run, true, z.object({ path: z.string() }));
export const done = (): Tool => tool("done", () => ({ content: "done", isError: false, ends: true }));

export interface Trial {
  readonly end: AgentEnd;
  readonly events: readonly AgentEvent[];
  /** What a later run gets as `history`. */
  readonly recorded: readonly Recorded<AgentEvent>[];
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  /** The bodies that were sent, as they went over the wire. */
  readonly bodies: readonly string[];
}

export interface TrialOptions extends Partial<Omit<AgentOptions, "endpoint" | "log">> {
  readonly server: Pick<ModelServer, "url">;
  readonly clock?: FakeClock;
  readonly apiKey?: string;
  /** Sees each event before it is kept; a throw is a journal that fails. */
  readonly onRecord?: (event: AgentEvent) => void;
  /** Whether fake time may pass now. Default: whenever more than the run's own deadline waits for it. */
  readonly passTime?: () => boolean;
}

export const AMPLE = { maxTurns: 50, maxTokens: 50_000_000, maxCostMicroUsd: 100_000_000, maxMs: 24 * 3_600_000 };

export async function trial({ server, apiKey = API_KEY, onRecord, passTime, ...given }: TrialOptions): Promise<Trial> {
  const clock = given.clock ?? fakeClock();
  const history = given.history ?? [];
  const epoch = (history.at(-1)?.epoch ?? 0) + 1;
  const recorded = [...history];
  const bodies: string[] = [];
  const capture: typeof fetch = (input, init) => {
    bodies.push(typeof init?.body === "string" ? init.body : "");
    return fetch(input, init);
  };
  const blobs = new Map<string, Uint8Array>();
  const log: AgentOptions["log"] = {
    record: async (event) => {
      onRecord?.(event);
      const line = canonicalJson(event);
      if (line.length > EVENT_LIMIT_BYTES) throw new Error("event too large");
      const kept = agentEventSchema.parse(JSON.parse(line));
      recorded.push({ ...kept, stream: "session/s", seq: recorded.length + 1, epoch, at: new Date(clock.nowMs()).toISOString() });
    },
    putBlob: async (bytes) => {
      const hash = sha256Hex(bytes);
      blobs.set(hash, bytes);
      return hash;
    },
  };
  const running = runAgent({
    model: MODEL,
    system: "You are a careful engineer.",
    firstMessage: "Mend the bug.",
    tools: [reader(), tool("write"), done()],
    mayUse: () => null,
    budget: AMPLE,
    reminder: () => REMINDER,
    // Fake time passes faster than real answers come.
    stallMs: Infinity,
    ...given,
    history,
    clock,
    endpoint: { apiKey, baseUrl: server.url, fetch: capture },
    log,
  });
  const end = await drive(running, clock, passTime);
  return { end, recorded, blobs, bodies, events: recorded.slice(history.length) };
}

/** Lets fake time pass whenever more than the run's own deadline is waiting for it, until the run is over. */
export async function drive<T>(running: Promise<T>, clock: FakeClock, passTime: () => boolean = () => clock.sleepers() > 1): Promise<T> {
  const state = { over: false };
  const finish = (): void => {
    state.over = true;
  };
  running.then(finish, finish);
  while (!state.over) {
    if (passTime()) await clock.advance(250);
    else await new Promise((resolve) => setImmediate(resolve));
  }
  return running;
}

export const kinds = (events: readonly AgentEvent[]): string[] => events.map((event) => event.kind);

type DataByKind = { [Kind in AgentEvent["kind"]]: Extract<AgentEvent, { kind: Kind }>["data"] };

/** The data of all events of one kind. The kind was compared, which the compiler cannot carry over to a generic lookup. */
export const ofKind = <Kind extends AgentEvent["kind"]>(events: readonly AgentEvent[], kind: Kind): DataByKind[Kind][] =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  events.flatMap((event) => (event.kind === kind ? [event.data as DataByKind[Kind]] : []));
