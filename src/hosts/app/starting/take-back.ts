import { readLabelling } from "../../../github/read/index.ts";
import { unlabelEffect } from "../../../github/write/index.ts";
import type { AppTools, Workplace } from "../workplace.ts";
import { givenTo, hasLabel, isSame, startsWork } from "./asked-otherwise.ts";
import { setStage } from "./stage.ts";

export interface TakenBack {
  readonly issueNumber: number;
  /** Whom it was taken from. */
  readonly assignee: string;
  /** ISO time, GitHub's clock. */
  readonly at: string;
}

/** The issue was taken from the account: the label goes, unless the issue is given to another one of those, or a person has set it since (fault 27). */
export async function takeBack(place: Workplace, tools: AppTools, { issueNumber, assignee, at }: TakenBack): Promise<void> {
  const stage = await setStage(place, issueNumber);
  if (stage === null || stage.issue === null || !startsWork(stage, assignee) || stage.config === "missing" || !stage.config.ok) return;
  const { here, config: { value: { label } }, issue } = stage;
  if (!hasLabel(issue, label)) return;
  const left = await givenTo(stage, issueNumber);
  if (left.some((login) => isSame(login, assignee) || startsWork(stage, login))) return;
  const labelled = await readLabelling(here.github, here.repository, { issueNumber, label });
  if (labelled !== null && labelled.by !== null && Date.parse(labelled.setAt) > Date.parse(at)) return;
  await tools.effects.apply(unlabelEffect(here.github, here.repository, { issueNumber, label }));
  tools.log.info("work taken back: the issue was unassigned", { repository: here.repositoryId, issue: issueNumber });
}
