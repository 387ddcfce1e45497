/** A work item's whole journal, written by hand as the agent job writes it, with every part open to change. */
import { createHash } from "node:crypto";
import { foldItem, next } from "../../src/engine/pipeline/index.ts";
import { isItemEvent } from "../../src/report/index.ts";
import type { Ticket } from "../../src/github/trust/index.ts";
import type { Journal } from "../../src/journal/index.ts";
import { itemStream, sessionStream, type EndingCode, type Head, type ItemEvent, type Reason, type RecordEvent, type SessionEvent, type SnapshotRef, type StepOutput } from "../../src/record/index.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { canonicalJson, type Json } from "../../src/shared/json.ts";

export const TASK = { title: "Totals are off by one cent", body: "Rounding happens too early.\n\nSee `sum()`." };
export const TASK_SHA256 = sha256Hex(canonicalJson({ body: TASK.body, title: TASK.title }));

export interface ScriptedFile {
  readonly mode?: "100644" | "100755" | "120000";
  /** Null deletes the path. */
  readonly text: string | Uint8Array | null;
}

export interface Script {
  readonly ticket: Ticket;
  readonly ticketText: string;
  readonly runId: number;
  /** What git names the tree with the files applied to the base. */
  readonly tree: string;
  readonly files: Readonly<Record<string, ScriptedFile>>;
  readonly unsupported?: readonly { readonly path: string; readonly reason: string }[];
  readonly handoff?: Readonly<Record<string, Json>>;
  readonly classification?: Readonly<Record<string, Json>>;
  /** Findings of each round of review; the last round's decide. Default: one round without findings. */
  readonly rounds?: readonly (readonly { readonly severity: string; readonly summary: string; readonly file?: string; readonly line?: number }[])[];
  /** Exit code of the verification command; null when none is run. Default 0. */
  readonly exitCode?: number | null;
  readonly sandbox?: "bubblewrap" | "weak";
  /** What the record ref pointed to when the run began; default: nothing. */
  readonly committed?: string | null;
  /** Ends the item otherwise than by delivering. */
  readonly ending?: { readonly code: EndingCode; readonly reason: Reason };
  /** Large work: what was proposed, and what is said to have been answered. */
  readonly cut?: { readonly tickets: Json; readonly answered: { readonly verdict: "approved" | "rejected"; readonly by: string } | null };
  /** Leaves the item without an ending, as a lost runner does. */
  readonly lost?: boolean;
  /** Called when a session has been concluded, e.g. to save a segment. */
  readonly concluded?: (phase: "classify" | "code" | "review" | "fix" | "decompose") => Promise<void>;
  /** Changes what is appended to a stream; gets the events of one append. */
  readonly tamper?: (stream: string, events: readonly RecordEvent[]) => readonly RecordEvent[];
}

export const defaultHandoff = { commitType: "fix", commitScope: "sum", commitSubject: "round once, at the end", prTitle: "Round totals once", prBody: "Sums first, rounds last.\n\n- keeps `sum()` as it is called", keyDecisions: ["Round in one place"] };

export const gitBlobOid = (bytes: Uint8Array): string => createHash("sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex");

const bytesOf = (content: string | Uint8Array): Uint8Array => (typeof content === "string" ? Buffer.from(content) : content);

/** Writes the manifest and its contents as blobs and returns the snapshot that names them. */
export async function writeSnapshot(journal: Journal, script: Pick<Script, "files" | "unsupported" | "tree" | "ticket">): Promise<SnapshotRef> {
  const entries: Json[] = [];
  for (const [path, { mode, text }] of Object.entries(script.files).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (text === null) {
      entries.push({ path, deleted: true });
      continue;
    }
    const bytes = bytesOf(text);
    entries.push({ path, mode: mode ?? "100644", oid: gitBlobOid(bytes), size: bytes.byteLength, sha256: await journal.putBlob(bytes) });
  }
  const base = script.ticket.base.sha;
  const manifest = await journal.putBlob(Buffer.from(canonicalJson({ v: 1, base, tree: script.tree, entries, unsupported: [...(script.unsupported ?? [])] })));
  return { base, tree: script.tree, manifest, changedFiles: entries.length };
}

/** Appends the whole item: classify, code, then review and fix by the script's rounds, then its end. */
export async function writeFinishedItem(journal: Journal, script: Script): Promise<void> {
  const { ticket, ticketText, runId } = script;
  const snapshot = await writeSnapshot(journal, script);
  const stream = itemStream(ticket.item);
  const heads = new Map<string, Head>();
  const append = async (to: string, events: readonly RecordEvent[]) => {
    const wanted = script.tamper?.(to, events) ?? events;
    if (wanted.length === 0) return;
    const appended = await journal.append(to, heads.get(to) ?? null, wanted);
    if (!appended.ok) throw new Error(appended.error.message);
    heads.set(to, appended.value);
  };
  await append(stream, [
    { kind: "item_opened", data: { itemId: ticket.item, task: { ...TASK, sha256: TASK_SHA256 }, base: ticket.base, maxReviewRounds: 3, ...(script.cut === undefined ? {} : { pipeline: { mode: "full", confirm: "never", decompose: "ask" } }) } },
    { kind: "run_opened", data: { host: "actions", runId, runAttempt: 1, key: ticket.key, ticket: ticketText, sandbox: script.sandbox ?? "bubblewrap", restored: null, committed: script.committed ?? null, segments: [] } },
  ]);
  const session = async (phase: "classify" | "code" | "review" | "fix" | "decompose", round: number, artifact: StepOutput["artifacts"][number]) => {
    const sessionId = `${phase}-${round}`;
    const makes = phase === "code" || phase === "fix";
    // Its plan, system prompt and tools, as `sessionEvents` names them.
    await journal.putBlob(Buffer.from(sessionId));
    // As the pipeline schedules it, wherever the script goes the pipeline's way.
    const action = next(foldItem((await journal.read(stream)).filter(isItemEvent)));
    const context = action.kind === "run-session" ? action.context : {};
    const goal = `${TASK.title}\n\n${TASK.body}\n`;
    await append(stream, [{ kind: "session_scheduled", data: { phase, round, sessionId, workflowId: workflowOf(phase), goal, context } }]);
    await append(sessionStream(sessionId), sessionEvents({ script, phase, sessionId, artifact, snapshot: makes ? snapshot : null }));
    const head = heads.get(sessionStream(sessionId)) ?? { seq: 1, hash: "0".repeat(64) };
    const conclusion: ItemEvent = {
      kind: "session_concluded",
      data: { phase, round, sessionId, outcome: "completed", reason: null, artifacts: [artifact], head, turns: 1, usage: USAGE, costMicroUsd: 1_500, snapshot: makes ? snapshot : null },
    };
    await append(stream, [conclusion]);
    await script.concluded?.(phase);
  };
  await session("classify", 1, { contractRef: "wr.contracts.classification", value: { interpretation: "Round once, after summing.", ...script.classification } });
  if (script.cut !== undefined) {
    await append(stream, [{ kind: "mode_chosen", data: { mode: "full", why: ["large"] } }]);
    await session("decompose", 1, { contractRef: "tickets", value: { tickets: script.cut.tickets, duplicates: [] } });
    if (script.cut.answered !== null) await append(stream, [{ kind: "decomposition_answered", data: script.cut.answered }]);
  }
  const rounds = script.cut === undefined ? (script.rounds ?? [[]]) : [];
  for (const [index, findings] of rounds.entries()) {
    const round = index + 1;
    await session(index === 0 ? "code" : "fix", round, { contractRef: "wr.contracts.coding_handoff", value: { ...defaultHandoff, ...script.handoff } });
    await session("review", round, { contractRef: "wr.contracts.review_verdict", value: { verdict: verdictWord(findings), confidence: "high", findings: findings.map((finding) => ({ ...finding })), summary: "Read and run." } });
  }
  if (script.lost === true) return;
  const { ending } = script;
  await append(stream, [
    ending === undefined
      ? { kind: "item_ended", data: { outcome: "deliver", ending: "ready", reason: null, snapshot } }
      : { kind: "item_ended", data: { outcome: "stopped", ending: ending.code, reason: ending.reason, snapshot: null } },
  ]);
}

/**
 * A `tamper` of a script with two rounds or more: the first is a delivery, a run under another ticket takes up what was said of it, and the
 * script's own run makes the rest.
 * @param ticketFor text of that other ticket, by the script's own
 */
export function workedOnAgain({ ticketFor, said }: { readonly ticketFor: (ownText: string) => string; readonly said: Extract<ItemEvent, { kind: "item_followed_up" }>["data"] }): NonNullable<Script["tamper"]> {
  let own: Extract<RecordEvent, { kind: "run_opened" }> | null = null;
  let snapshot: SnapshotRef | null = null;
  const of = (event: RecordEvent): readonly RecordEvent[] => {
    if (event.kind === "run_opened") return [{ ...(own = event), data: { ...event.data, runId: 1 } }];
    if (event.kind !== "session_concluded" || event.data.round !== 1) return [event];
    snapshot = event.data.snapshot ?? snapshot;
    if (event.data.phase !== "review" || own === null) return [event];
    return [event, { kind: "item_ended", data: { outcome: "deliver", ending: "ready", reason: null, snapshot } }, { ...own, data: { ...own.data, runId: 2, ticket: ticketFor(own.data.ticket ?? "") } }, { kind: "item_followed_up", data: said }, own];
  };
  return (stream, events) => (stream.startsWith("item/") ? events.flatMap(of) : events);
}

const USAGE = { inputTokens: 900, outputTokens: 100, cacheReadTokens: 0, cacheWriteTokens: 0 };

const workflowOf = (phase: string): string => (phase === "classify" ? "wr.classify-task" : phase === "review" ? "wr.mr-review" : phase === "decompose" ? "wr.ticket-creation" : "wr.coding-task");

function verdictWord(findings: readonly { readonly severity: string }[]): string {
  if (findings.some(({ severity }) => severity === "critical" || severity === "major")) return "blocking";
  return findings.some(({ severity }) => severity === "minor") ? "minor" : "clean";
}

interface ScriptedSession {
  readonly script: Script;
  readonly phase: string;
  readonly sessionId: string;
  readonly artifact: StepOutput["artifacts"][number];
  readonly snapshot: SnapshotRef | null;
}

function sessionEvents({ script, phase, sessionId, artifact, snapshot }: ScriptedSession): readonly SessionEvent[] {
  const exitCode = script.exitCode === undefined ? 0 : script.exitCode;
  const sha256 = sha256Hex(sessionId);
  const verified: readonly SessionEvent[] =
    snapshot === null || exitCode === null
      ? []
      : [
          { kind: "verification_requested", data: { nodeId: "n1", requestId: "v1", command: "npm test" } },
          { kind: "verification_finished", data: { nodeId: "n1", requestId: "v1", exitCode, timedOut: false, outputTail: "ok", durationMs: 1_200, sandbox: script.sandbox ?? "bubblewrap" } },
        ];
  return [
    { kind: "session_started", data: { sessionId, itemId: script.ticket.item, parentSessionId: null, phase, workflow: { id: workflowOf(phase), version: "1.0.0" }, plan: sha256, goal: TASK.title, context: {}, autonomy: "full_auto_stop_on_user_deps" } },
    { kind: "step_offered", data: { nodeId: "n1", parentNodeId: null, stepId: "work", trace: [] } },
    { kind: "conversation_started", data: { conversation: 1, model: "claude-sonnet-5-5", system: sha256, tools: sha256, firstMessage: "Begin.", cause: "start" } },
    { kind: "turn_requested", data: { conversation: 1, turn: 1, turnKey: `${sessionId}-1`, model: "claude-sonnet-5-5", promptSha256: sha256, maxTokens: 1_000, reservedMicroUsd: 20_000 } },
    { kind: "turn_completed", data: { turn: 1, turnKey: `${sessionId}-1`, content: [{ type: "text", text: "Done." }], stopReason: "tool_use", usage: USAGE, requestId: "req_1", costMicroUsd: 1_500 } },
    ...(snapshot === null ? [] : [{ kind: "workspace_saved" as const, data: snapshot }]),
    { kind: "step_submitted", data: { nodeId: "n1", attempt: 1, output: { notes: "Did it.", artifacts: [artifact], context: {} } } },
    ...verified,
    { kind: "step_completed", data: { nodeId: "n1", stepId: "work" } },
    { kind: "session_ended", data: { outcome: "completed", reason: null } },
    { kind: "agent_ended", data: { conversation: 1, code: "completed", message: "The session is over." } },
  ];
}
