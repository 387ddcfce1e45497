import { sha256Hex } from "../../../shared/hash.ts";
import type { ActionsPort, QueuedRun } from "./actions-port.ts";
import { wholeSeconds } from "./http/rest.ts";
import type { Machine } from "./machine.ts";
import { ACTIONS_APP_ID } from "./principal.ts";
import { known, put, type State } from "./state.ts";
import { mintAppToken } from "./tokens.ts";
import { addArtifact, artifactsOf, createJob, deleteArtifact, nameRun, progressJob, progressRun } from "./transitions/runs.ts";

/** The door for the part that plays GitHub Actions, over the server's state. */
export function openActionsPort(machine: Machine, nowMs: () => number): ActionsPort {
  const at = (): string => wholeSeconds(nowMs());
  return {
    onDispatch(listener) {
      machine.observe((happening) => {
        if (happening.kind === "workflow_run" && happening.action === "requested") listener(queuedRun(machine.state, happening.runId));
      });
    },
    onCancel(listener) {
      machine.observe((happening) => {
        if (happening.kind === "cancel_requested") listener(happening.runId);
      });
    },
    setRunName: (runId, name) => machine.commit(nameRun(machine.state, runId, name)),
    updateRun: (runId, progress) => machine.commit(progressRun(machine.state, at(), runId, progress)),
    createJob(runId, job) {
      const token = mintAppToken(ACTIONS_APP_ID, nowMs());
      const made = createJob(machine.state, at(), runId, { ...job, tokenSha256: sha256Hex(token) });
      machine.commit(made.state);
      return { jobId: made.job.id, token };
    },
    setJobLog: (jobId, text) => machine.commit({ ...machine.state, jobLogs: put(machine.state.jobLogs, jobId, text) }),
    updateJob: (jobId, progress) => machine.commit(progressJob(machine.state, at(), jobId, progress)),
    addArtifact(runId, artifact) {
      const made = addArtifact(machine.state, at(), runId, artifact);
      machine.commit(made.state);
      return { id: made.artifact.id };
    },
    listArtifacts: (runId) => artifactsOf(machine.state, runId),
    deleteArtifact(runId, name) {
      const gone = deleteArtifact(machine.state, runId, name);
      if (gone === null) return null;
      machine.commit(gone.state);
      return { id: gone.id };
    },
    getSecret(environment, name) {
      const inEnvironment = environment === undefined ? undefined : machine.state.secrets.get(secretKey(environment, name));
      return inEnvironment ?? machine.state.secrets.get(secretKey("", name));
    },
  };
}

/** Environment "" is the repository itself. The local GitHub is one team's: its repositories share their secrets. */
export const secretKey = (environment: string, name: string): string => `${environment}\0${name}`;

function queuedRun(state: State, runId: number): QueuedRun {
  const run = known(state.runs, runId, "run");
  const repository = known(state.repositories, run.repositoryId, "repository");
  return {
    id: run.id,
    attempt: run.attempt,
    workflowPath: known(state.workflows, run.workflowId, "workflow").path,
    workflowText: run.workflowText,
    headSha: run.pull?.mergeSha ?? run.headSha,
    headBranch: run.headBranch,
    event: run.event,
    payload: run.payload,
    ...(run.pull === undefined ? {} : { pull: { number: run.pull.number, baseRef: run.pull.baseRef, fork: run.pull.forkId !== undefined } }),
    inputs: run.inputs,
    actor: run.actor,
    actorId: known(state.accounts, run.actor.toLowerCase(), "account").id,
    createdAt: run.createdAt,
    repository: {
      id: repository.id,
      owner: repository.owner.login,
      ownerId: repository.owner.id,
      name: repository.name,
      defaultBranch: repository.defaultBranch,
      private: repository.visibility === "private",
    },
  };
}
