import type { GitHub, Repository } from "../client.ts";
import type { Effect } from "./effect.ts";

/** Sets a label on an issue or pull request; one that is there stays. GitHub keeps each once, so there is nothing to look up. */
export function labelEffect(github: GitHub, repository: Repository, { issueNumber, label }: { readonly issueNumber: number; readonly label: string }): Effect {
  return {
    key: `label:${issueNumber}:${label}`,
    description: `label ${label} on ${repository.owner}/${repository.repo}#${issueNumber}`,
    lookUp: () => Promise.resolve(null),
    async write() {
      await github.request("POST /repos/{owner}/{repo}/issues/{issue_number}/labels", { ...repository, issue_number: issueNumber, labels: [label] });
      return { id: label, url: null };
    },
  };
}
