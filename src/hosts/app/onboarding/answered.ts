/** What follows from what people do with the onboarding pull request: merged it turns WorkTrain on, closed it declines. */
import { commentEffect, repositoryLabelEffect } from "../../../github/write/index.ts";
import { DEFAULT_LABEL, preconditions } from "../../../intake/index.ts";
import { setStage } from "../starting/stage.ts";
import type { AppTools, Workplace } from "../workplace.ts";

export interface Answered {
  readonly number: number;
  readonly merged: boolean;
}

const LABEL_COLOR = "1d76db";

export async function answered(place: Workplace, tools: AppTools, { number, merged }: Answered): Promise<void> {
  const said = merged ? await activate(place, tools, number) : DECLINED;
  if (said === null) return;
  const marker = `<!-- worktrain:onboarding-${merged ? "merged" : "closed"} ${number} -->`;
  await tools.effects.apply(commentEffect({ github: place.github, repository: place.repository, issueNumber: number, author: tools.author }, { marker, body: `${marker}\n${said}` }));
}

const DECLINED = "WorkTrain stays off here and does not ask again. To be asked again, reopen this pull request, or write `/worktrain config --set-up` in a comment. To take the App away, see the repository's settings, GitHub Apps.";

/** Makes the label, and says whether a run could start now; what GitHub does not show an App, the pull request's list names. */
async function activate(place: Workplace, tools: AppTools, pullNumber: number): Promise<string | null> {
  const stage = await setStage(place, pullNumber);
  if (stage === null) return null;
  const { here: { github, repository }, config } = stage;
  const ready = preconditions({ ...stage, repository: stage.facts, asked: "nobody-yet" });
  const name = config !== "missing" && config.ok ? config.value.label : DEFAULT_LABEL;
  await tools.effects.apply(repositoryLabelEffect(github, repository, { name, color: LABEL_COLOR, description: "WorkTrain works on this issue" }));
  if (ready.kind === "refuse") return ["WorkTrain cannot start yet.", "", `${ready.refusal.message} ${ready.refusal.fix}`, ...ready.refusal.details.map((line) => `- ${line}`)].join("\n");
  return `**WorkTrain is on.** Set the label \`${name.replaceAll("`", "")}\` on an issue that you want a pull request for. If the secret or the environments are still missing, the first run says so.`;
}
