/**
 * What a delivery rests on, as rows for people and as the event the record keeps. Pure: the same record and the same answers of GitHub
 * give the same bytes, so that `worktrain verify` can make it again.
 */
import { CONTRACT } from "../engine/pipeline/index.ts";
import type { DeliveryProof, SnapshotRef } from "../record/index.ts";
import { journalProof, lastArtifact, lastVerifications, plain, proofOf, totalTokens, type ItemSessionView, type ItemView, type Proof, type ProofRow, type SessionView } from "../report/index.ts";
import { reviewVerdictSchema, verdictOf } from "../workflow/index.ts";
import { attestations, type Attested } from "./attestations.ts";
import type { MergeDecision } from "./merge/decide-merge.ts";
import type { VerifiedTree } from "./verified.ts";

export interface Proving extends Omit<Attested, "view"> {
  readonly view: ItemView;
  readonly snapshot: SnapshotRef;
  /** Who merges, by what is proven; null where the config does not ask for merging. */
  readonly mergeOf: (proof: Proof) => MergeDecision | null;
}

export interface Proven {
  /** What this job and GitHub vouch for. */
  readonly attested: readonly ProofRow[];
  readonly proof: Proof;
  readonly recorded: DeliveryProof;
  readonly merge: MergeDecision | null;
}

/** @param proving secrets already taken out of its view */
export function prove(proving: Proving): Proven {
  const { view, snapshot, ticket, role, record, verified } = proving;
  const checked = attestations(proving);
  // That no session ran a command is no gap where the job `verify` did.
  const own = journalProof(view).filter(({ gate, session }) => verified === null || gate !== "command" || session !== undefined);
  const merge = proving.mergeOf(proofOf([...checked, ...own]));
  const attested = merge === null ? checked : [...checked, mergeRow(merge)];
  const proof = proofOf([...attested, ...own]);
  const recorded: DeliveryProof = {
    result: proof.result,
    change: snapshot,
    gates: proof.rows.map(({ gate, result, attestedBy, check, detail, session }) => ({ gate, result, attestedBy, check, detail, sessionId: session?.sessionId ?? null })),
    sessions: [...view.sessions.map((session) => sessionOf(session, session.round)), ...view.helpers.map((session) => sessionOf(session, null))],
    commands: [...commandsOf(view), ...verifiedCommands(verified)],
    findings: { ...fates(view), rounds: view.reviewRounds },
    cost: { microUsd: view.costMicroUsd, turns: view.turns, tokens: totalTokens(view.usage) },
    requester: { login: ticket.trigger.actor.login, role },
    record,
    ...(verified === null ? {} : { verified: { tree: verified.claim.tree, jobId: verified.jobId, conclusion: verified.conclusion, beside: verified.claim.beside } }),
    ...(merge === null ? {} : { merge: { ...merge, reasons: [...merge.reasons] } }),
  };
  return { attested, proof, recorded, merge };
}

/** Who merges is no check that could fail. */
function mergeRow(merge: MergeDecision): ProofRow {
  const reasons = merge.reasons.map(plain);
  const detail = merge.decision === "arm" ? `GitHub's auto-merge (${merge.method}), for this commit alone and where GitHub takes it: ${reasons.join(", ")}` : `a person: ${reasons.join("; ")}`;
  return { gate: "merge", check: "Who merges", result: "holds", detail, attestedBy: "deliver job" };
}

/** The decision as the record keeps it; null where it keeps none. */
export function mergeIn({ merge }: Pick<DeliveryProof, "merge">): MergeDecision | null {
  if (merge === undefined) return null;
  const method = (["squash", "merge", "rebase"] as const).find((each) => each === merge.method) ?? "squash";
  return merge.decision === "arm" ? { decision: "arm", method, reasons: merge.reasons } : { decision: "person", reasons: merge.reasons };
}

function sessionOf(session: SessionView, round: number | null): DeliveryProof["sessions"][number] {
  const { sessionId, phase, role, outcome, workflow, plan, turns, costMicroUsd } = session;
  const gates = session.gates.map(({ gate, verdict, by }) => ({ gate, verdict, by }));
  return { sessionId, phase, round, role, outcome, workflow, plan, verdict: verdictIn(session), gates, turns, costMicroUsd };
}

/** By the findings, never what the model called it. */
function verdictIn(session: SessionView): string | null {
  const review = session.outcome === "completed" ? reviewVerdictSchema.safeParse(lastArtifact(session, CONTRACT.reviewVerdict)) : null;
  return review?.success === true ? verdictOf(review.data) : null;
}

const commandsOf = ({ sessions }: ItemView): DeliveryProof["commands"] =>
  sessions.flatMap((session: ItemSessionView) =>
    lastVerifications(session).map(({ command, exitCode, timedOut, durationMs, sandbox, outdated }) => ({ sessionId: session.sessionId, command, exitCode, timedOut, durationMs, sandbox, outdated, attestedBy: "agent job" })),
  );

const verifiedCommands = (verified: VerifiedTree | null): DeliveryProof["commands"] =>
  (verified?.claim.commands ?? []).map((command) => ({ sessionId: null, ...command, sandbox: verified?.claim.sandbox ?? "none", outdated: false, attestedBy: "GitHub" }));

/** What the job `verify` showed, as the record keeps it. */
export function verifiedIn({ verified, commands, change }: Pick<DeliveryProof, "verified" | "commands" | "change">): VerifiedTree | null {
  if (verified === undefined) return null;
  const ran = commands.filter(({ sessionId }) => sessionId === null);
  const claim = { v: 1 as const, tree: verified.tree, base: change.base, beside: verified.beside, sandbox: ran.every(({ sandbox }) => sandbox === "bubblewrap") ? ("bubblewrap" as const) : ("weak" as const), commands: ran.map(({ command, exitCode, timedOut, durationMs }) => ({ command, exitCode, timedOut, durationMs })) };
  return { jobId: verified.jobId, conclusion: verified.conclusion, claim };
}

function fates({ findings }: ItemView): Omit<DeliveryProof["findings"], "rounds"> {
  const count = (fate: ItemView["findings"][number]["fate"]): number => findings.filter((finding) => finding.fate === fate).length;
  return { found: findings.length, fixed: count("gone"), repeated: count("repeated"), open: count("open"), accepted: count("accepted") };
}
