import { missingChecks } from "../merge-rules.ts";
import { loginOf } from "../principal.ts";
import { isPull, type Pull, type RepositoryRecord } from "../records.ts";
import { happen, known, put, select } from "../state.ts";
import { nodeId } from "../views/view.ts";
import { pullRequest } from "./pulls.ts";
import { demand, failed, type Serving } from "./serving.ts";

interface Input {
  readonly pullRequestId: string;
  readonly clientMutationId?: string | null;
  readonly expectedHeadOid?: string | null;
  readonly mergeMethod: "MERGE" | "REBASE" | "SQUASH";
}

/** `enablePullRequestAutoMerge`. What GitHub says where it does not take it was observed; a moved head's words are ours. */
export function enableAutoMerge(serving: Serving, input: Input): unknown {
  const { found, repository } = writable(serving, input);
  const refusal = refusalOf(serving, found, input);
  if (refusal !== null) throw failed("UNPROCESSABLE", `Pull request ${refusal}`);
  const autoMerge = { at: serving.at, by: loginOf(serving.principal) ?? "", method: input.mergeMethod, headSha: found.pull.head.sha };
  const armed: Pull = { ...found, pull: { ...found.pull, autoMerge } };
  commit(serving, armed, "auto_merge_enabled");
  return { clientMutationId: input.clientMutationId ?? null, pullRequest: pullRequest(serving, repository, armed) };
}

/** `disablePullRequestAutoMerge`. The words for one that is not armed are ours. */
export function disableAutoMerge(serving: Serving, input: Pick<Input, "pullRequestId" | "clientMutationId">): unknown {
  const { found } = writable(serving, input);
  if (found.pull.autoMerge === null) throw failed("UNPROCESSABLE", "Pull request Auto merge is not enabled");
  const disarmed: Pull = { ...found, pull: { ...found.pull, autoMerge: null } };
  commit(serving, disarmed, "auto_merge_disabled");
  return { clientMutationId: input.clientMutationId ?? null };
}

function commit({ machine, principal, at }: Serving, pull: Pull, action: "auto_merge_enabled" | "auto_merge_disabled"): void {
  machine.commit(happen({ ...machine.state, issues: put(machine.state.issues, pull.id, pull) }, { repositoryId: pull.repositoryId, actor: loginOf(principal) ?? "", at }, { kind: "pull_request", action, issueId: pull.id }));
}

function writable(serving: Serving, { pullRequestId }: Pick<Input, "pullRequestId">): { readonly found: Pull; readonly repository: RepositoryRecord } {
  const found = select(serving.machine.state.issues, () => true).filter(isPull).find((pull) => nodeId("PR", pull.pull.id) === pullRequestId);
  if (found === undefined) throw failed("NOT_FOUND", `Could not resolve to a node with the global id of '${pullRequestId}'.`);
  const repository = known(serving.machine.state.repositories, found.repositoryId, "repository");
  demand(serving, repository, { permission: "pull_requests", level: "write", role: "write" });
  demand(serving, repository, { permission: "contents", level: "write", role: "write" });
  return { found, repository };
}

function refusalOf({ machine }: Serving, found: Pull, { expectedHeadOid }: Input): string | null {
  const repository = known(machine.state.repositories, found.repositoryId, "repository");
  if (!repository.autoMergeAllowed) return "Auto merge is not allowed for this repository";
  if (found.state !== "open") return "Pull request is closed";
  if (expectedHeadOid !== undefined && expectedHeadOid !== null && expectedHeadOid !== found.pull.head.sha) return "Head sha does not match the expected head oid";
  if (repository.requiredChecks.length === 0) return "Protected branch rules not configured for this branch";
  return missingChecks(machine.state, repository, found).length === 0 ? "Pull request is in clean status" : null;
}
