/**
 * What GitHub says right now, asked again before each write.
 *
 * I9. Label and opened paths come from the default branch's config. I10. The requester's permission is checked by API at the
 * time of the effect (fault 52).
 */
import { z } from "zod";
import { CONFIG_PATH, isAtLeast, parseConfig, type CommandRole, type Config } from "../../../config/index.ts";
import { branchOf } from "../../../delivery/index.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { parseAnswer } from "../../../github/parse-answer.ts";
import { readDeliveryState, readPermission, STOP_LABEL, type DeliveryState } from "../../../github/read/index.ts";
import { hasStatus } from "../../../github/request-error.ts";
import { permissionVerdict, type Ticket } from "../../../github/trust/index.ts";
import { recordRefOf } from "../../../record/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { Admitted } from "./admit.ts";
import type { Moved } from "./drift.ts";

/** `withdrawn`: a person took it back. `not-allowed`: who asked may not any more. `wrong-run`: this is not the place of the ticket. */
export type LiveRefusal = Refusal<"withdrawn" | "not-allowed" | "archived" | "switched-off" | "bad-config" | "base-rewritten" | "wrong-run">;

export interface Authority {
  /** The requester's role. */
  readonly role: string;
}

/** Everything a delivery hangs on, seen at once; refused where GitHub shows another repository than the ticket's. */
export async function readState(github: GitHub, { repository, repositoryId, ticket }: Admitted): Promise<Result<DeliveryState, LiveRefusal>> {
  const state = await readDeliveryState(github, repository, {
    issueNumber: ticket.issueNumber,
    configPath: CONFIG_PATH,
    baseBranch: ticket.base.ref,
    branch: branchOf(ticket.item),
    recordRef: recordRefOf(ticket.item),
    login: ticket.trigger.actor.login,
  });
  if (state?.repository.id !== repositoryId) return refuse("wrong-run", "GitHub does not show the repository of this run.", "See whether the job's token may read it.");
  return ok(state);
}

/** The config on the default branch as it is now. */
export function liveConfig({ config: file }: DeliveryState): Result<Config, LiveRefusal> {
  const config = parseConfig(file?.text ?? null, CONFIG_PATH);
  if (config.ok && !(file !== null && file.text === null)) return config;
  const fault = config.ok ? undefined : config.error[0];
  return err({
    kind: "bad-config",
    message: fault === undefined ? `${CONFIG_PATH} cannot be read as text.` : `${CONFIG_PATH}:${fault.line}: ${fault.message}`,
    fix: fault?.fix ?? "Mend the file on the default branch, then label the issue again.",
  });
}

/** Whether a person has stopped everything here, by label or config; null where not. */
export function switchedOff({ stoppedBy }: DeliveryState, { enabled }: Config): LiveRefusal | null {
  const refusal = (message: string, fix: string): LiveRefusal => ({ kind: "switched-off", message, fix: `${fix} when work may go on, then label the issue again: what is done is kept.` });
  if (stoppedBy !== null) return refusal(`The label ${STOP_LABEL} on #${stoppedBy} stops all work of WorkTrain in this repository.`, `Take it off #${stoppedBy}`);
  return enabled ? null : refusal(`\`enabled: false\` in ${CONFIG_PATH} stops all work of WorkTrain in this repository.`, "Take it out on the default branch");
}

/**
 * Whether the item may still be published: issue open and labelled, its requester allowed, repository alive.
 * @param followUps what the item's journal answers of its delivery: nothing is published onto a pull request that somebody closed, whatever
 *   this run's ticket asked for (fault 51)
 * @param ask `rest`: the permission is asked for on its own. `shown`: what the state shows of it is taken, and REST asked only
 *   where that is nothing. Both are GitHub's API at this moment (docs/decisions/0011-permission-before-each-write.md).
 */
export async function readAuthority(github: GitHub, ticket: Ticket, { state, config, ask, followUps }: { readonly state: DeliveryState; readonly config: Config; readonly ask: "rest" | "shown"; readonly followUps: readonly unknown[] }): Promise<Result<Authority, LiveRefusal>> {
  const { repository, issue } = state;
  if (repository.archived) return refuse("archived", "The repository is archived.", "Take it out of the archive, then label the issue again.");
  const off = switchedOff(state, config);
  if (off !== null) return err(off);
  if (issue === null) return refuse("withdrawn", `Issue ${ticket.issueNumber} is gone.`, "There is nothing to do.");
  if (!issue.open) return refuse("withdrawn", `Issue ${ticket.issueNumber} was closed while the work went on.`, `Reopen it and add the label ${config.label} again, if the work is still wanted.`);
  if (!issue.labels.some((label) => label.toLowerCase() === config.label.toLowerCase())) {
    return refuse("withdrawn", `The label ${config.label} was taken off while the work went on.`, "Add it again, if the work is still wanted.");
  }
  const pulls = state.pullRequests ?? [];
  // A branch is deleted when nothing more is to come from it: it is not made anew for a pull request that is over.
  const [over] = state.branch === null && !pulls.some(({ open }) => open) ? pulls.slice(-1) : [];
  if (over !== undefined) return refuse("withdrawn", `Pull request ${over.number} was ${over.merged ? "merged" : "closed"} and its branch deleted while the work went on.`, over.merged ? moreWork(config) : REOPEN);
  const followed = followUps.length === 0 && ticket.followUp === undefined ? [] : pulls.filter(({ number }) => ticket.followUp === undefined || number === ticket.followUp.pullNumber);
  const [closed] = followed.some(({ open }) => open) ? [] : followed.slice(-1);
  if (closed !== undefined) return refuse("withdrawn", `Pull request ${closed.number} was ${closed.merged ? "merged" : "closed"} while the work on it went on.`, closed.merged ? moreWork(config) : REOPEN);
  return readRequester(github, ticket, { state, config, ask });
}

const REOPEN = "Reopen it, if the work is still wanted, and say there what is to change.";
const moreWork = ({ label }: Config): string => `If more is to be done, take the label ${label} off the issue and add it again: that begins a new attempt on what is merged.`;

/** Whether who asked may still ask for this, whatever became of the issue. */
export async function readRequester(github: GitHub, ticket: Ticket, { state: { repository, permission }, config, ask }: { readonly state: DeliveryState; readonly config: Config; readonly ask: "rest" | "shown" }): Promise<Result<Authority, LiveRefusal>> {
  const { login, id } = ticket.trigger.actor;
  const shown = ask === "shown" ? permission : null;
  const verdict = permissionVerdict(shown ?? (await readPermission(github, { owner: repository.owner, repo: repository.repo }, login)), id);
  const least = leastRole(ticket, config);
  if (verdict.kind === "allowed" && isAtLeast(verdict.role, least)) return ok({ role: verdict.role });
  const why = verdict.kind === "allowed" ? `they do not have the role ${least} any more, which \`permissions.${ticket.command ?? ""}\` of ${CONFIG_PATH} asks for` : verdict.kind === "unknown" ? "GitHub does not say now what they may do" : "they may not write to the repository any more";
  return refuse("not-allowed", `${login} asked for this work; ${why}.`, `Somebody with ${least} permission can ${ticket.command === undefined ? "label the issue again" : "write the command again"}.`);
}

/** A command of a later version than this one is asked for what the strictest asks. */
export function leastRole({ command }: Ticket, { permissions }: Config): CommandRole {
  if (command === undefined) return "write";
  return Object.entries(permissions).find(([name]) => name === command)?.[1] ?? "admin";
}

const compareSchema = z.object({
  status: z.enum(["diverged", "ahead", "behind", "identical"]),
  files: z.array(z.object({ filename: z.string(), previous_filename: z.string().optional() })).default([]),
});

/**
 * Whether what the work builds on is still part of the base branch (fault 51).
 * @returns where it has moved on to, and what it changed on the way; null where it has not
 */
export async function readBase(github: GitHub, { repository, baseHead: head }: DeliveryState, { ref, sha: base }: Ticket["base"]): Promise<Result<Moved | null, LiveRefusal>> {
  const { defaultBranch } = repository;
  if (defaultBranch !== ref) return refuse("base-rewritten", `The default branch is ${defaultBranch} now, not ${ref} any more.`, "Label the issue again: the work starts from the present default branch.");
  if (head === null) return refuse("base-rewritten", `The branch ${ref} that the work builds on is gone or renamed.`, "Label the issue again: the work starts from the present default branch.");
  if (head === base) return ok(null);
  const compared = await compare(github, { owner: repository.owner, repo: repository.repo }, { base, head });
  if (compared?.status === "ahead" || compared?.status === "identical") {
    return ok({ ref, head, files: compared.files.map(({ filename: path, previous_filename: before = null }) => ({ path, before })) });
  }
  return refuse("base-rewritten", `The branch ${ref} does not hold the commit ${base} any more that the work builds on.`, "Label the issue again: the work starts from the present state.");
}

async function compare(github: GitHub, repository: Repository, { base, head }: { readonly base: string; readonly head: string }): Promise<z.infer<typeof compareSchema> | null> {
  const route = "GET /repos/{owner}/{repo}/compare/{basehead}";
  try {
    const { data } = await github.request(route, { ...repository, basehead: `${base}...${head}`, per_page: 1 });
    return parseAnswer(compareSchema, data, route);
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

const refuse = (kind: LiveRefusal["kind"], message: string, fix: string): Result<never, LiveRefusal> => err({ kind, message, fix });
