import { z } from "zod";
import type { GitHub, GitHubResponse, Repository } from "../client.ts";
import { findItemRuns } from "../read/run.ts";
import { requestFailure, whatGitHubSaid } from "../request-error.ts";
import { lookedUp, type Confirmed, type Effect } from "./effect.ts";

export interface Dispatch {
  /** File name of the workflow. */
  readonly workflow: string;
  /** Branch whose workflow file runs: the default branch. */
  readonly ref: string;
  /** The dispatch key, which the workflow puts into the run's name. */
  readonly key: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** ISO time before which no run of this key can have been created. */
  readonly since: string;
  /** What a look a moment ago showed; absent where nobody looked. */
  readonly seen?: Confirmed | null;
}

/** `workflow_dispatch` answers 204 without a body on servers that do not know `return_run_details`. */
const detailsSchema = z.object({ workflow_run_id: z.int(), html_url: z.string() });

/**
 * Dispatches a workflow run once per key (fault 32): a run that holds the key in its name is adopted.
 * The confirmed id is the run's, or empty when the server did not say and the run is not listed yet.
 */
export function dispatchEffect(github: GitHub, repository: Repository, dispatch: Dispatch): Effect {
  const lookUp = async (): Promise<Confirmed | null> => {
    const runs = await findItemRuns(github, repository, { workflow: dispatch.workflow, word: dispatch.key, createdSince: dispatch.since });
    const first = runs.at(-1); // Newest first: the last has the lowest id.
    return first === undefined ? null : { id: String(first.id), url: first.htmlUrl };
  };
  return {
    key: `dispatch:${dispatch.key}`,
    description: `workflow_dispatch of ${dispatch.workflow} on ${repository.owner}/${repository.repo}`,
    lookUp: lookedUp(dispatch.seen, lookUp),
    cures: {
      403: "Give the App, or without one the job in worktrain-intake.yml, the permission `actions: write`. Where a policy of the organisation limits who or what may start workflows, name the App as an allowed actor and workflow_dispatch as an allowed event.",
      404: `See that .github/workflows/${dispatch.workflow} is on the default branch, that Actions are enabled and that the App has the permission \`actions: write\`.`,
      422: `The workflow file does not take this dispatch: compare .github/workflows/${dispatch.workflow} with WorkTrain's template, and see that the workflow is not disabled.`,
    },
    async write() {
      const response = await send(github, repository, dispatch);
      const details = detailsSchema.safeParse(response.data);
      if (details.success) return { id: String(details.data.workflow_run_id), url: details.data.html_url };
      return (await lookUp()) ?? { id: "", url: null };
    },
  };
}

async function send(github: GitHub, repository: Repository, dispatch: Dispatch): Promise<GitHubResponse> {
  const post = (details: Readonly<Record<string, unknown>>) =>
    github.request("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", {
      ...repository,
      workflow_id: dispatch.workflow,
      ref: dispatch.ref,
      inputs: dispatch.inputs,
      ...details,
    });
  try {
    return await post({ return_run_details: true });
  } catch (error) {
    // An older Enterprise Server refuses the field it does not know; it can only be told by its name in the message (P-dispatch).
    const failure = requestFailure(error);
    const unknownField = failure !== null && (failure.status === 400 || failure.status === 422) && whatGitHubSaid(failure).includes("return_run_details");
    if (!unknownField) throw error;
    return post({});
  }
}
