import { unreachable } from "../../../shared/unreachable.ts";
import type { Happening } from "./happening.ts";
import { known, type State } from "./state.ts";

/** One line of what happened to an issue or pull request. */
export interface TimelineEntry {
  readonly at: string;
  readonly actor: string;
  readonly text: string;
}

/** Who did what to an issue or pull request, oldest first. */
export function timelineOf(state: State, repositoryId: number, number: number): readonly TimelineEntry[] {
  return state.history
    .filter((happening) => happening.repositoryId === repositoryId)
    .flatMap((happening) => {
      const text = describe(state, happening, number);
      return text === null ? [] : [{ at: happening.at, actor: happening.actor, text }];
    });
}

function describe(state: State, happening: Happening, number: number): string | null {
  const concerns = (issueId: number): boolean => state.issues.get(issueId)?.number === number;
  switch (happening.kind) {
    case "issues":
    case "pull_request": {
      if (!concerns(happening.issueId)) return null;
      if (happening.action === "synchronize") return `pushed ${happening.after.slice(0, 7)}`;
      if (happening.action === "opened") return `opened ${happening.kind === "issues" ? "the issue" : "the pull request"}`;
      if (happening.action === "assigned" || happening.action === "unassigned") return `${happening.action} ${happening.assignee}`;
      if (happening.action === "labeled" || happening.action === "unlabeled") {
        const { name } = known(state.labels, happening.labelId, "label");
        return happening.action === "labeled" ? `added the label ${name}` : `removed the label ${name}`;
      }
      if (happening.kind === "pull_request" && happening.action === "closed" && known(state.issues, happening.issueId, "issue").pull?.merged) return "merged it";
      return `${happening.action} it`;
    }
    case "issue_comment":
      return concerns(happening.issueId) ? `${happening.action} comment ${happening.comment.id}` : null;
    case "reaction":
      return concerns(happening.issueId) ? `reacted with ${happening.content} to the ${happening.subject}` : null;
    case "check_run": {
      const run = known(state.checkRuns, happening.checkRunId, "check run");
      const onIt = [...state.issues.values()].some((issue) => issue.number === number && issue.pull?.head.sha === run.headSha);
      return onIt ? `${happening.action} check run ${run.name}${happening.action === "completed" ? `: ${run.conclusion ?? ""}` : ""}` : null;
    }
    case "pull_request_review":
      return concerns(happening.issueId) ? "reviewed the pull request" : null;
    case "pull_request_review_thread":
      return concerns(happening.issueId) ? "resolved a conversation" : null;
    case "pull_request_review_comment":
    case "label":
    case "check_suite":
    case "workflow_run":
    case "cancel_requested":
    case "push":
    case "status":
    case "merge_group":
    case "installation":
    case "installation_repositories":
      return null;
    default:
      return unreachable(happening);
  }
}
