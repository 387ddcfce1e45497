/** Who works for whom: the words of one scheduled session and of everything that works for it. */
import type { BudgetPool } from "../agent/index.ts";
import type { BaseTested } from "../engine/pipeline/index.ts";
import type { AgentEndCode, Phase, SnapshotRef } from "../record/index.ts";
import type { Session } from "../session/index.ts";
import type { CoordinatorDeps } from "./deps.ts";
import type { FileTurns } from "./file-turns.ts";
import type { PriorWork, RememberedFact } from "./context/known.ts";
import type { Spent } from "./spent.ts";

export interface TreeRun {
  readonly rootId: string;
  readonly itemId: string;
  readonly phase: Phase;
  /** The item's task as the sessions are given it. */
  readonly task: string;
  /** The files the root session starts from; null for the base itself. */
  readonly startFrom: SnapshotRef | null;
  /** What came of the tests before the work; null where they were not looked at. */
  readonly baseTested: BaseTested | null;
  /** What the agents are told of the item's earlier sessions. */
  readonly prior: PriorWork;
  /** What the item's other sessions have spent until now; requests of theirs that are under way as in `SessionTree.spent`. */
  readonly spentBefore: (underWay?: "counted" | "left-out") => Spent;
}

/** What sessions of the pipeline that are at work side by side draw from together (I5). */
export interface SharedBudget {
  readonly pool: BudgetPool;
  readonly msLeft: () => number;
}

export interface SessionTree {
  readonly deps: CoordinatorDeps;
  readonly run: TreeRun;
  readonly pool: BudgetPool;
  /** Works on a session of the tree until it is over (null) or has to be left. @throws TerminalError or RetryableError when the journal or a save fails */
  readonly drive: (seat: Seat) => Promise<Left | null>;
  /** Sessions that this run has open, by id. */
  readonly open: Map<string, Session>;
  /**
   * What the tree spent in all runs; time is the root's alone, since the others work within it. Requests that are under way count
   * with the most they may take, or are left out.
   */
  spent(underWay?: "counted" | "left-out"): Spent;
  /** What its sessions and earlier ones of the item asked to be remembered. */
  facts(): readonly RememberedFact[];
  /** Time that may still be worked. */
  msLeft(): number;
}

/** A session at work: who it is in its tree, and what it may touch. */
export interface Seat {
  readonly tree: SessionTree;
  readonly session: Session;
  /** 0 for the session that the pipeline scheduled, 1 for what works for it, and so on. */
  readonly depth: number;
  /** Its agent, its commands or what works for it may change files. */
  readonly writes: boolean;
  /** Whose turn it is among the sessions that work for this one. */
  readonly turns: FileTurns;
  readonly signal: AbortSignal;
  /** The files as this session last saved them, or as it found them. */
  readonly files: () => SnapshotRef | null;
}

/** Why a session is left in the middle, to be gone on with by a later run. */
export interface Left {
  readonly code: AgentEndCode | "awaiting_approval";
  readonly message: string;
  /** The gate for a person that it waits at. */
  readonly gate?: string;
}
