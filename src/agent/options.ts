/** What a conversation is run with, and what it shows of itself. */
import type { AgentEvent, ContextRecord, Recorded } from "../record/index.ts";
import type { Clock, Random } from "../shared/ports.ts";
import type { AgentBudget } from "./budget.ts";
import type { BudgetPool } from "./pool.ts";
import type { ProgressLimits } from "./progress.ts";
import type { AgentEndpoint } from "./provider.ts";
import type { Tool } from "./tool.ts";

export interface AgentLog {
  /** Durable when it resolves; a throw ends the run at once. */
  record(event: AgentEvent): Promise<void>;
  /** Keeps bytes and returns their SHA-256, hex. */
  putBlob(bytes: Uint8Array): Promise<string>;
}

export interface AgentProgress {
  readonly turn: number;
  /** The tool that starts now; absent when a turn was completed. */
  readonly tool?: string;
  /** The model could not be asked and is asked again after so long. */
  readonly wait?: { readonly reason: string; readonly ms: number };
  /** Of the session so far. */
  readonly tokens: number;
  readonly costMicroUsd: number;
}

/** Words of a person for the model. */
export interface Steer {
  readonly source: "person";
  readonly text: string;
  /** Called once they are in the log; until then a run that is lost did not take them. */
  delivered?(): Promise<void>;
}

/** The first message of a conversation, and what of the context package is in it, for the record. */
export interface OpeningMessage {
  readonly text: string;
  readonly context?: ContextRecord;
}

export interface AgentOptions {
  readonly endpoint: AgentEndpoint;
  /** Exact API id; one that shared/models.ts knows. */
  readonly model: string;
  /** The same bytes for the whole session, or a resume starts a new conversation. */
  readonly system: string;
  /** Opens a new conversation; one that is resumed keeps the message it was opened with. */
  readonly firstMessage: string | OpeningMessage;
  /** Opens the next conversation when this one is full: the step as it now is, what it must hand over, facts that were remembered. Default: `firstMessage`. */
  reopening?(): string | OpeningMessage;
  /** The same list for the whole session. */
  readonly tools: readonly Tool[];
  /** Why the current step does not allow a tool, in words for the model; null if it does. Must not throw. */
  mayUse(name: string): string | null;
  readonly budget: AgentBudget;
  /** The run's budget, where sessions run side by side. */
  readonly pool?: BudgetPool;
  readonly log: AgentLog;
  /** The session's recorded agent events, in order. */
  readonly history: readonly Recorded<AgentEvent>[];
  readonly clock: Clock;
  /** Aborting it ends the run as `cancelled`; the session can be resumed. */
  readonly signal?: AbortSignal;
  /** What to say when the model ends its turn without completing. The same text is said once in a conversation. */
  reminder(): string;
  /**
   * Called when a tool that may change something has run, before its result is journaled: who keeps the files saves them now. So a
   * run that goes on never has a result in its log whose effect is not in its files. What it throws ends the run.
   */
  beforeResult?(): Promise<void>;
  /** Called after each turn in which a tool ran. What it throws ends the run. */
  afterTools?(): Promise<void>;
  /** The state of the files, a git tree, as last saved; null while none was. Asked after `afterTools`; must not throw. */
  workspaceTree?(): string | null;
  /** What people want to say to the model now. Asked before each request; what it throws ends the run. */
  steers?(): Promise<readonly Steer[]>;
  /** For display; what it throws is dropped, and it is not called again. */
  onProgress?(progress: AgentProgress): void;
  /** For the jitter of waits; without it they have none. */
  readonly random?: Random;
  /** How long the API may stay overloaded or unreachable without one answer. Default 10 minutes. */
  readonly overloadPatienceMs?: number;
  /** How long a request may stay without a byte from the API; see silence.ts. Infinity: for ever. */
  readonly stallMs?: number;
  /** When the work counts as stuck or as getting nowhere; see progress.ts. */
  readonly progressLimits?: ProgressLimits;
  /** The context that a conversation may fill. Default: the model's. */
  readonly contextTokens?: number;
}
