/**
 * Whether the job `verify` vouches for what is about to be delivered. Pure.
 *
 * I7. That it was green is GitHub's word; which tree it was about is its own, and its code ran nothing of the repository outside the
 *     sandbox. I9. Where it is expected, anything but a green job about these very files closes the gate.
 */
import { parseVerified, type VerifiedClaim } from "../record/index.ts";
import { code } from "../report/index.ts";
import type { Refusal } from "../shared/errors.ts";
import { err, ok, type Result } from "../shared/result.ts";

/** A job of this run as GitHub shows it. */
export interface JobShown {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
}

export interface Verification {
  /** The config says that nothing is published without it. */
  readonly required: boolean;
  /** What the job's output says. */
  readonly claim: string;
  readonly jobs: readonly JobShown[];
  readonly change: { readonly tree: string; readonly base: string };
  /** The commands of the default branch's config as it is now. */
  readonly commands: readonly string[];
}

/** What the job `verify` showed of the delivered tree. */
export interface VerifiedTree {
  readonly jobId: number;
  readonly conclusion: string;
  readonly claim: VerifiedClaim;
}

/** The job's name, as templates/worktrain.yml has it. */
export const VERIFY_JOB = "verify";

/** Whether the job has to be looked at. @param result `needs.verify.result`; "" without the job */
export const expectsVerified = (required: boolean, result: string): boolean => required || (result !== "" && result !== "skipped");

export function judgeVerified({ required, claim: text, jobs, change, commands }: Verification): Result<VerifiedTree, Refusal<"not-verified">> {
  const named = jobs.filter(({ name }) => name === VERIFY_JOB || name.startsWith(`${VERIFY_JOB} (`));
  const [job] = named;
  if (job === undefined || named.every(({ conclusion }) => conclusion === "skipped")) return refuse(required ? "The config requires the job `verify`, and it did not run." : "The job `verify` did not run.", SWITCH_ON);
  if (named.length > 1) return refuse(`The run has ${named.length} jobs called \`verify\`: which of them the result is of cannot be told.`, "Take the matrix out of the job.");
  const claim = parseVerified(text);
  if (job.status !== "completed" || job.conclusion !== "success") return refuse(`The job \`verify\` is red: GitHub says ${job.conclusion ?? job.status}.${redOf(claim)}`, "Read the job's log. If its set-up is the cause, mend it and label the issue again: the same change is tested anew. If the change is, say so in the issue's text and label it again for a new attempt.");
  if (claim === null) return refuse("The job `verify` is green and does not say what it tested.", "Compare the workflow file with templates/worktrain.yml: its output `verified` has to reach the deliver job.");
  if (claim.tree !== change.tree || claim.base !== change.base) return refuse(`The job \`verify\` tested tree ${claim.tree} on ${claim.base}; what is to be delivered is tree ${change.tree} on ${change.base}.`, "Label the issue again: what was saved is tested anew.");
  const red = claim.commands.find(({ exitCode, timedOut }) => exitCode !== 0 || timedOut);
  if (red !== undefined) return refuse(`The job \`verify\` is green, and yet says that this did not pass: ${red.command}`, "See who can change the workflow; nothing is published.");
  const ran = claim.commands.map(({ command }) => command);
  const missing = commands.find((command) => !ran.includes(command));
  if (missing !== undefined || ran.length === 0) return refuse(missing === undefined ? "The job `verify` ran no command." : `The job \`verify\` did not run a command of the default branch's config: ${missing}`, "Set commands.test; where the config changed while the work went on, label the issue again.");
  return ok({ jobId: job.id, conclusion: job.conclusion, claim });
}

const SWITCH_ON = "Set the repository variable WORKTRAIN_VERIFY to true, and compare the workflow file with templates/worktrain.yml; or take verify.required out of .github/worktrain.yml.";

function redOf(claim: VerifiedClaim | null): string {
  const red = (claim?.commands ?? []).filter(({ exitCode, timedOut }) => exitCode !== 0 || timedOut);
  return red.length === 0 ? "" : ` It says: ${red.map(({ command, exitCode, timedOut }) => `${code(command)} ${timedOut ? "timed out" : exitCode === null ? "was ended by a signal" : `ended with exit code ${exitCode}`}`).join("; ")}.`;
}

const refuse = (message: string, fix: string): Result<never, Refusal<"not-verified">> => err({ kind: "not-verified", message, fix });
