import type { GitHub, Repository } from "../client.ts";
import { hasStatus } from "../request-error.ts";
import type { Effect } from "./effect.ts";

/** Takes a label off; one that is not there, or an issue that is gone, is no fault. */
export function unlabelEffect(github: GitHub, repository: Repository, { issueNumber, label }: { readonly issueNumber: number; readonly label: string }): Effect {
  return {
    key: `unlabel:${issueNumber}:${label}`,
    description: `label ${label} off ${repository.owner}/${repository.repo}#${issueNumber}`,
    lookUp: () => Promise.resolve(null),
    async write() {
      try {
        await github.request("DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", { ...repository, issue_number: issueNumber, name: label });
      } catch (error) {
        if (!hasStatus(error, 404, 410)) throw error;
      }
      return { id: label, url: null };
    },
  };
}

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
