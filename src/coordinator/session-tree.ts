/**
 * One session of the pipeline with everything that works for it: children of parallel steps, agents it spawned, auditors. They share
 * the files, the journal and one budget, and each is a session stream of its own with its parent's id.
 *
 * I5. What the sessions of the tree spend together is drawn from one pool; earlier runs are counted from the log.
 */
import { openBudgetPool, spentBy } from "../agent/index.ts";
import { agentEventSchema, sessionStream, type AgentEvent, type Recorded, type RecordEvent } from "../record/index.ts";
import type { Session } from "../session/index.ts";
import type { CoordinatorDeps } from "./deps.ts";
import type { RememberedFact } from "./context/known.ts";
import { add, limitsOf, nothingSpent, remaining, type Spent } from "./spent.ts";
import type { SessionTree, SharedBudget, TreeRun } from "./tree.ts";

/** Opens the tree of a session, counting what earlier runs spent on it. */
export async function openTree(deps: CoordinatorDeps, run: TreeRun & { readonly shared?: SharedBudget | undefined }, drive: SessionTree["drive"]): Promise<SessionTree> {
  const histories = await earlierHistories(deps, run.rootId);
  const earlier = new Map([...histories].map(([id, history]) => [id, countedFor(run.rootId, id, history)]));
  const before = [...earlier.values()].reduce(add, run.spentBefore());
  const left = remaining(deps.budget, before);
  const openedAtMs = deps.clock.monotonicMs();
  const open = new Map<string, Session>();
  return {
    deps,
    run,
    drive,
    open,
    pool: run.shared?.pool ?? openBudgetPool(limitsOf(left), deps.clock),
    spent: (underWay = "counted") => {
      const now = new Map(earlier);
      for (const [id, session] of open) now.set(id, countedFor(run.rootId, id, underWay === "counted" ? session.history() : withoutOpenRequest(session.history())));
      return [...now.values()].reduce(add, nothingSpent);
    },
    facts: () => {
      const now = new Map(histories);
      for (const [id, session] of open) now.set(id, session.history());
      return [...run.prior.facts, ...[...now].flatMap(([id, history]) => factsOf(id, history))];
    },
    msLeft: run.shared?.msLeft ?? (() => Math.max(0, left.ms - (deps.clock.monotonicMs() - openedAtMs))),
  };
}

/** What a session and all that worked for it spent in earlier runs. */
export async function spentEarlier(deps: CoordinatorDeps, rootId: string): Promise<Spent> {
  const histories = await earlierHistories(deps, rootId);
  return [...histories].reduce((sum, [id, history]) => add(sum, countedFor(rootId, id, history)), nothingSpent);
}

type History = readonly Recorded<AgentEvent>[];

async function earlierHistories({ journal }: CoordinatorDeps, rootId: string): Promise<ReadonlyMap<string, History>> {
  const histories = new Map<string, History>();
  for (const id of treeIds(await journal.streams(), rootId)) histories.set(id, (await journal.read(sessionStream(id))).filter(isAgentEvent));
  return histories;
}

export const factsOf = (sessionId: string, history: History): readonly RememberedFact[] =>
  history.flatMap((event) => (event.kind === "fact_remembered" ? [{ kind: event.data.fact === "dead_end" ? "dead end" : event.data.fact, text: event.data.text, sessionId }] : []));

const countedFor = (rootId: string, id: string, history: History): Spent => {
  const { workedMs, ...spent } = spentBy(history);
  return { ...spent, workedMs: id === rootId ? workedMs : 0 };
};

/** A request on its way counts with its worst case where limits are held; shown, that would go up and down. */
function withoutOpenRequest(history: History): History {
  const last = history.findLastIndex((event) => event.kind === "turn_requested" || event.kind === "turn_completed" || event.kind === "turn_failed");
  return history[last]?.kind === "turn_requested" ? history.toSpliced(last, 1) : history;
}

const STREAM = sessionStream("");

/** Ids of the root and of all below it: a child's id begins with its parent's (`childSessionId`). */
export const treeIds = (streams: readonly string[], rootId: string): readonly string[] =>
  streams.flatMap((stream) => (stream === `${STREAM}${rootId}` || stream.startsWith(`${STREAM}${rootId}-`) ? [stream.slice(STREAM.length)] : []));

const AGENT_KINDS: ReadonlySet<string> = new Set(agentEventSchema.options.map((option) => option.shape.kind.value));
export const isAgentEvent = (event: Recorded<RecordEvent>): event is Recorded<AgentEvent> => AGENT_KINDS.has(event.kind);
