/** The agent job's work proper: sandbox, workspace, coordinator. Loaded when the run is admitted and its journal can be saved. */
import { allowedHosts, budgetOf, modelsOf, type Config } from "../../../config/index.ts";
import { confidentialAmong, estimateWords, openingPolicy, PIPELINE_WORKFLOWS, pipelineFault, progressLine, readRules, runItem, type CoordinatorDeps, type ItemResult } from "../../../coordinator/index.ts";
import { foldItem, hasReopened, isUnanswered, next, type ItemState } from "../../../engine/pipeline/index.ts";
import type { GitHub } from "../../../github/client.ts";
import { readRepository } from "../../../github/read/index.ts";
import { personOf, type Ticket } from "../../../github/trust/index.ts";
import { needsPrivate } from "../../../intake/confidential-workflows.ts";
import { itemStream, phaseSchema, type EndingCode, type ItemEvent, type Reason } from "../../../record/index.ts";
import { TerminalError, type Refusal } from "../../../shared/errors.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { redactJson } from "../../../shared/redact.ts";
import { ok, type Result } from "../../../shared/result.ts";
import type { Sandbox, Workspace } from "../../../workspace/index.ts";
import type { JobSettings } from "../settings.ts";
import type { Admitted } from "./admission.ts";
import { askedFindings } from "./asked-findings.ts";
import { readConfig } from "./config.ts";
import { mergedWithBase } from "./conflict.ts";
import { isAnew, readFollowUp, saidIn } from "./follow-up.ts";
import { readHeadFiles } from "./head-files.ts";
import { readReviewedBefore } from "./reviewed-before.ts";
import { crashesInARow, CRASHES_THAT_STOP, type Crashes } from "./crashes.ts";
import type { AgentPorts, Place, RunRecord, WorkRecord } from "./ports.ts";
import type { Restored } from "./restore.ts";
import { personsAnswer } from "./persons-answer.ts";
import { surroundingsOf } from "./surroundings.ts";

export interface WorkEnd {
  readonly ending: EndingCode;
  readonly reason: Reason | null;
  /** Of the item over all its runs, in words, with what was expected. */
  readonly cost: string;
  /** The item's record has an end, so there is something to deliver or to say; else a later run goes on. */
  readonly over: boolean;
}

export interface WorkContext {
  readonly github: GitHub;
  readonly admitted: Admitted;
  readonly restored: Restored | null;
  readonly record: WorkRecord;
}

/** Works on the item until it ends or is cancelled. Throws TerminalError or RetryableError when the journal or a save fails. */
export async function work(settings: JobSettings, ports: AgentPorts, context: WorkContext): Promise<WorkEnd> {
  const crashes = context.restored === null ? NO_CRASHES : await crashesInARow(context.restored, settings.item);
  if (crashes.count >= CRASHES_THAT_STOP) return stopBeforeWork(settings, context, { ending: "keeps-crashing", refusal: keepsCrashing(crashes) });
  const config = await readConfig(context.github, { owner: settings.owner, repo: settings.repo }, context.admitted.ticket.base.sha);
  if (!config.ok) return stopBeforeWork(settings, context, { ending: "bad-config", refusal: config.error });
  const review = await reviewOf(settings, context);
  if (!review.ok) return stopBeforeWork(settings, context, { ending: "unclear", refusal: review.error });
  const followUp = await followUpOf(settings, ports, context);
  if (!followUp.ok) return stopBeforeWork(settings, context, { ending: "nothing-to-do", refusal: followUp.error });
  const result = await confined(settings, ports, { ...context, config: config.value, crashes: crashes.count, review: review.value, followUp: followUp.value });
  return "state" in result ? { ending: result.ending, reason: result.reason, cost: costOf(result), over: result.state.ended !== null } : result;
}

/** What a ticket for a review asks to be looked at; null where it asks for work, or an earlier run has opened the item with it. */
async function reviewOf(settings: JobSettings, { github, admitted: { ticket }, record }: WorkContext): Promise<Result<Reviewed | null, Refusal>> {
  if (ticket.review === undefined || (await record.journal.head(itemStream(settings.item))) !== null) return ok(null);
  const { headSha } = ticket.review;
  const files = await readHeadFiles(github, { owner: settings.owner, repo: settings.repo }, { mergeBase: ticket.base.sha, headSha }, (bytes) => record.journal.putBlob(bytes));
  if (!files.ok) return files;
  const since = await readReviewedBefore(github, { owner: settings.owner, repo: settings.repo }, ticket);
  return ok({ headSha, snapshot: files.value, ...(since === null ? {} : { since }) });
}

type FollowedUp = NonNullable<CoordinatorDeps["followUp"]>;
/** `merge`: what is to be answered is known once the files are at hand. */
type ToAnswer = FollowedUp | "merge" | null;

/** What of the item's delivery is to be answered; null where the ticket asks for nothing of the kind, or an earlier run has taken it up. */
async function followUpOf(settings: JobSettings, { fetch }: Pick<AgentPorts, "fetch">, { github, admitted: { ticket }, record }: WorkContext): Promise<Result<ToAnswer, Refusal>> {
  const { followUp, trigger } = ticket;
  const state = foldItem((await record.journal.read(itemStream(settings.item))) as readonly ItemEvent[]);
  if (followUp === undefined || !isUnanswered(state, saidIn(followUp), { anew: isAnew(ticket) })) return ok(null);
  if (followUp.because === "conflict") return ok("merge");
  const findings = followUp.because === "asked" ? askedFindings(state, followUp.findings ?? []) : await readFollowUp({ github, repository: { owner: settings.owner, repo: settings.repo }, fetch }, followUp);
  return findings.ok ? ok({ ...saidIn(followUp), by: personOf(trigger.actor), findings: redactJson(record.redact, [...findings.value]) as JsonObject[] }) : findings;
}

type Reviewed = NonNullable<Extract<ItemEvent, { kind: "item_opened" }>["data"]["review"]>;

const costOf = ({ spent, estimate }: ItemResult): string => `$${(spent.costMicroUsd / 1_000_000).toFixed(4)}${estimate === null ? "" : `, expected ${estimateWords(estimate)}`}`;

const NO_CRASHES: Crashes = { count: 0, place: "" };

const keepsCrashing = ({ count, place }: Crashes): Refusal => ({
  kind: "keeps-crashing",
  message: `${count} runs in a row ended without a word at the same place: ${place}. It is not tried again.`,
  fix: "Look at the end of the agent jobs' logs for what ended them, most often memory or disk. Mend that or make the task smaller, then label the issue again.",
});

interface Work extends WorkContext {
  readonly config: Config;
  /** Runs in a row that ended without a word where this one begins. */
  readonly crashes: number;
  readonly review: Reviewed | null;
  readonly followUp: ToAnswer;
}

async function confined(settings: JobSettings, ports: AgentPorts, context: Work): Promise<ItemResult | WorkEnd> {
  const place = await ports.place();
  const sandbox = await place.openSandbox(settings, allowedHosts(context.config));
  if (!sandbox.ok) return stopBeforeWork(settings, context, { ending: "no-sandbox", refusal: sandbox.error });
  if (sandbox.value.mode === "weak") ports.log("Warning: tools run without a sandbox (sandbox: weak).");
  let workspace: Workspace | null = null;
  try {
    workspace = await place.openWorkspace(settings, { base: await baseOf(settings, context), sandbox: sandbox.value });
    for (const note of workspace.notes) ports.log(note);
    return await drive(settings, ports, { ...context, place, sandbox: sandbox.value, workspace });
  } finally {
    await sandbox.value.close();
    await workspace?.close();
  }
}

/**
 * The commit that the work builds on: the newest while the item waits for its first look around, which may wait for a commit; of what was
 * delivered and is worked on again the delivery's, or the one that it is merged with.
 */
async function baseOf({ item }: JobSettings, { admitted, record, followUp }: Pick<Work, "admitted" | "record" | "followUp">): Promise<string> {
  const state = await stateOf(record, item);
  if (followUp === "merge") return ontoOf(admitted).sha;
  if (followUp !== null && state.delivered?.snapshot !== null && state.delivered?.snapshot !== undefined) return state.delivered.snapshot.base;
  const action = next(state);
  const isOpen = state.opening === null || (action.kind === "look" && action.at === "opened");
  return isOpen ? admitted.ticket.base.sha : state.opening.base.sha;
}

const stateOf = async ({ journal }: Pick<WorkRecord, "journal">, item: string): Promise<ItemState> => foldItem((await journal.read(itemStream(item))) as readonly ItemEvent[]);

const ontoOf = ({ ticket: { base, followUp } }: Pick<Admitted, "ticket">): Admitted["ticket"]["base"] => ({ ref: base.ref, sha: followUp?.onto ?? base.sha });

/** What is to be answered, where the files say it. */
async function answerable(settings: JobSettings, { admitted, record, followUp, workspace }: Work & { readonly workspace: Workspace }): Promise<Result<FollowedUp | null, Refusal>> {
  const asked = admitted.ticket.followUp;
  if (followUp !== "merge" || asked === undefined) return ok(followUp === "merge" ? null : followUp);
  const state = await stateOf(record, settings.item);
  const merged = await mergedWithBase({ workspace, journal: record.journal, delivered: state.delivered?.snapshot ?? null, base: ontoOf(admitted) });
  return merged.ok ? ok({ ...saidIn(asked), by: personOf(admitted.ticket.trigger.actor), ...merged.value }) : merged;
}

async function drive(settings: JobSettings, ports: AgentPorts, all: Work & { place: Place; sandbox: Sandbox; workspace: Workspace }): Promise<ItemResult | WorkEnd> {
  const { admitted, record, config, place, sandbox, workspace } = all;
  const { caps } = admitted.ticket;
  const followUp = await answerable(settings, all);
  if (!followUp.ok) return stopBeforeWork(settings, all, { ending: followUp.error.kind === "nothing-to-answer" ? "nothing-to-do" : "not-completed", refusal: followUp.error });
  const library = await place.loadLibrary(workspace.baseFiles);
  if (!library.ok) return stopBeforeWork(settings, all, { ending: "bad-config", refusal: library.error });
  const fault = pipelineFault(library.value);
  if (fault !== null) return stopBeforeWork(settings, all, { ending: "bad-config", refusal: fault });
  const asked = admitted.ticket.wish?.workflow;
  const wanted = asked === undefined ? null : library.value(asked);
  if (wanted?.ok === false) return stopBeforeWork(settings, all, { ending: "unclear", refusal: wanted.error });
  const confidential = confidentialAmong(library.value, asked === undefined ? PIPELINE_WORKFLOWS : [asked]);
  if (confidential !== null && (await isPublic(settings, all))) return stopBeforeWork(settings, all, { ending: "needs-private", refusal: needsPrivate(confidential) });
  const rules = await readRules(workspace.baseFiles, config.rules);
  const answer = await personsAnswer(settings, { ticket: admitted.ticket, journal: record.journal });
  for (const note of rules.notes) ports.log(note);
  return runItem(
    {
      journal: record.journal,
      redact: record.redact,
      clock: ports.clock,
      random: ports.random,
      findPlan: library.value,
      repository: `${settings.owner}/${settings.repo}`,
      workspace,
      sandbox,
      ...slicesOf(settings, all),
      model: {
        endpoint: { apiKey: settings.anthropicApiKey, ...(settings.modelUrl === null ? {} : { baseUrl: settings.modelUrl }), fetch: ports.fetch },
        ...modelsOf(config),
      },
      budget: { ...budgetOf(config), turns: caps.turns, tokens: caps.tokens, costMicroUsd: Math.round(caps.costUsd * 1_000_000), ms: caps.minutes * 60_000 },
      commands: { test: config.commands.test ?? null },
      rules: rules.rules,
      contextTokens: config.context.tokens,
      saving: record.saving,
      surroundings: surroundingsOf(settings, ports, { github: all.github, admitted, requires: openingPolicy(config).requires ?? [] }),
      ...retryOf(admitted.ticket),
      ...(followUp.value === null ? {} : { followUp: followUp.value }),
      ...(answer === undefined ? {} : { answer }),
      onProgress: (progress) => {
        const line = progressLine(progress);
        if (line !== null) ports.log(line);
      },
      signal: ports.signal,
    },
    openItem(admitted, config, all.review),
    openRun(settings, all, { sandbox: sandbox.mode, crashes: all.crashes }),
  );
}

/** Also where GitHub does not say (I9). */
const isPublic = async ({ owner, repo }: JobSettings, { github }: Pick<Work, "github">): Promise<boolean> => (await readRepository(github, { owner, repo }))?.isPublic ?? true;

/** A phase that this version does not know is none. */
function retryOf({ retry, trigger }: Admitted["ticket"]): Pick<CoordinatorDeps, "retry"> {
  return retry === undefined ? {} : { retry: { phase: phaseSchema.nullable().catch(null).parse(retry.phase), by: personOf(trigger.actor) } };
}

/** Where slices are worked on; nothing where the place has none. */
function slicesOf(settings: JobSettings, { place, config, workspace }: Pick<Work, "config"> & { readonly place: Place; readonly workspace: Workspace }): Pick<CoordinatorDeps, "openSlice"> {
  const open = place.openSlice?.bind(place);
  return open === undefined ? {} : { openSlice: (id, beside) => open(settings, allowedHosts(config), { workspace, id, beside }) };
}

/** @param config null where none can be read: the item ends before it matters */
function openItem(admitted: Admitted, config: Pick<Config, "review" | "pipeline"> | null, review: Reviewed | null): Extract<ItemEvent, { kind: "item_opened" }>["data"] {
  const { ticket, task } = admitted;
  return { itemId: ticket.item, task: { ...task, sha256: ticket.textSha256 }, base: ticket.base, maxReviewRounds: config?.review.maxRounds ?? 1, ...(config === null ? {} : { pipeline: openingPolicy(config), hostChecks: true, sameFindings: "identity" }), ...(ticket.wish?.workflow === undefined ? {} : { workflowId: ticket.wish.workflow }), ...(ticket.wish?.plan === undefined ? {} : { plan: ticket.wish.plan }), ...(review === null ? {} : { review }) };
}

function openRun(settings: JobSettings, { admitted, restored }: Pick<WorkContext, "admitted" | "restored">, { sandbox, crashes }: { readonly sandbox: "bubblewrap" | "weak" | "none"; readonly crashes: number }): Extract<ItemEvent, { kind: "run_opened" }>["data"] {
  const { runId, runAttempt, key, ticket, runner } = settings;
  return { host: "actions", runId, runAttempt, key, ticket, sandbox, ...(runner === null ? {} : { runner }), restored: restored?.found ?? null, committed: admitted.committed, segments: (restored?.refs ?? []).map(({ digest }) => digest), ...(crashes > 0 ? { crashes } : {}) };
}

/** A run that cannot begin leaves its ticket in the record where that holds a person's word: the next one goes by it. */
export async function leaveAnswer(settings: JobSettings, context: Pick<WorkContext, "admitted" | "restored"> & { readonly record: RunRecord }): Promise<void> {
  const { admitted, record } = context;
  const stream = itemStream(settings.item);
  const head = await record.journal.head(stream);
  if (admitted.ticket.answer === undefined || head === null) return;
  const appended = await record.journal.append(stream, head, [{ kind: "run_opened", data: openRun(settings, context, { sandbox: "none", crashes: 0 }) }]);
  if (!appended.ok) throw new TerminalError(appended.error.message, appended.error.fix);
}

/** What an item that has ended needs before it can end once more: what the ticket reopens it for; nothing where it does not, and the item stays as it ended. */
function reopening(ticket: Ticket, events: readonly ItemEvent[], { message }: Reason): readonly ItemEvent[] {
  const { followUp, retry, trigger } = ticket;
  const by = personOf(trigger.actor);
  const state = foldItem(events);
  if (state.ended === null || hasReopened(events, ticket.key)) return [];
  if (followUp !== undefined && isUnanswered(state, saidIn(followUp), { anew: isAnew(ticket) })) return [{ kind: "item_followed_up", data: { ...saidIn(followUp), by, findings: [{ summary: message }] } }];
  return retry === undefined ? [] : [{ kind: "item_retried", data: { sessionId: null, phase: phaseSchema.nullable().catch(null).parse(retry.phase), by } }];
}

/** Ends the item with a reason before a session could run, so that the deliver job can say why. */
async function stopBeforeWork(
  settings: JobSettings,
  { admitted, restored, record }: WorkContext,
  { ending, refusal }: { readonly ending: Extract<EndingCode, "needs-private" | "bad-config" | "no-sandbox" | "keeps-crashing" | "unclear" | "nothing-to-do" | "not-completed">; readonly refusal: Refusal },
): Promise<WorkEnd> {
  const stream = itemStream(settings.item);
  const reason: Reason = { code: refusal.kind, message: refusal.message, fix: refusal.fix };
  const head = await record.journal.head(stream);
  const before = (await record.journal.read(stream)) as readonly ItemEvent[];
  const again = reopening(admitted.ticket, before, reason);
  const ended = again.length === 0 ? foldItem(before).ended : null;
  const events: ItemEvent[] = [
    ...(head === null ? [{ kind: "item_opened" as const, data: openItem(admitted, null, null) }] : []),
    { kind: "run_opened", data: openRun(settings, { admitted, restored }, { sandbox: "none", crashes: 0 }) },
    ...again,
    ...(ended === null ? [{ kind: "item_ended" as const, data: { outcome: "stopped" as const, ending, reason, snapshot: null } }] : []),
  ];
  const appended = await record.journal.append(stream, head, events);
  if (!appended.ok) throw new TerminalError(appended.error.message, appended.error.fix);
  // What it had come to is left to deliver, which says for itself what is in the way of that.
  const over = ended === null ? { ending, reason } : { ending: ended.ending === "decomposed" ? "ready" : ended.ending, reason: ended.reason };
  await record.saving.now({ phase: "classify", step: "end", costMilliUsd: 0, ending: over.ending });
  return { ...over, cost: "$0", over: true };
}
