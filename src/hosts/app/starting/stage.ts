/** What GitHub shows of an issue and its repository when something is decided there, in one query. */
import { CONFIG_PATH } from "../../../config/index.ts";
import { readIssueState, type FileAtRef, type IssueState, type RepositoryFacts } from "../../../github/read/index.ts";
import { WORKFLOW_PATH, type ConfigState } from "../../../intake/index.ts";
import { err } from "../../../shared/result.ts";
import { readConfig } from "../kept-config.ts";
import type { Workplace } from "../workplace.ts";

export interface Stage {
  /** The repository under the name it has now. */
  readonly here: Workplace;
  readonly facts: RepositoryFacts;
  readonly config: ConfigState;
  readonly issue: IssueState["issue"];
  readonly comments: IssueState["comments"];
  readonly workflowText: string | null;
  readonly baseSha: string | null;
  readonly stoppedBy: number | null;
}

/** Null when the repository is not there any more. */
export async function setStage(place: Workplace, issueNumber: number): Promise<Stage | null> {
  const state = await readIssueState(place.github, place.repository, { issueNumber, configPath: CONFIG_PATH, workflowPath: WORKFLOW_PATH });
  // The name may meanwhile belong to another repository; the id in the signed event decides (attack 3).
  if (state?.repository.id !== place.repositoryId) return null;
  const { repository: facts, issue, comments, workflow, baseSha, stoppedBy } = state;
  const here: Workplace = { ...place, repository: { owner: facts.owner, repo: facts.repo } };
  return { here, facts, config: configOf(state.config), issue, comments, workflowText: workflow?.text ?? null, baseSha, stoppedBy };
}

function configOf(file: FileAtRef | null): ConfigState {
  if (file === null) return "missing";
  if (file.text !== null) return readConfig(file.text);
  return err([{ file: CONFIG_PATH, line: 1, column: 1, path: "", message: "It is not a text file in UTF-8 of at most 512 KB.", fix: "Write it as one." }]);
}
