/** What follows from what people do with the onboarding pull request: merged it turns WorkTrain on, closed it declines. */
import { CONFIG_PATH, parseConfig } from "../../../config/index.ts";
import { readFile, readRepository } from "../../../github/read/index.ts";
import { commentEffect, repositoryLabelEffect, readBranchHead } from "../../../github/write/index.ts";
import { DEFAULT_LABEL, preconditions, WORKFLOW_PATH, type ConfigState } from "../../../intake/index.ts";
import type { AppTools, Workplace } from "../workplace.ts";

export interface Answered {
  readonly number: number;
  readonly merged: boolean;
}

const LABEL_COLOR = "1d76db";

export async function answered(place: Workplace, tools: AppTools, { number, merged }: Answered): Promise<void> {
  const said = merged ? await activate(place, tools) : DECLINED;
  if (said === null) return;
  const marker = `<!-- worktrain:onboarding-${merged ? "merged" : "closed"} ${number} -->`;
  await tools.effects.apply(commentEffect({ github: place.github, repository: place.repository, issueNumber: number, author: tools.author }, { marker, body: `${marker}\n${said}` }));
}

const DECLINED = "WorkTrain stays off here and does not ask again. To be asked again, reopen this pull request. To take the App away, see the repository's settings, GitHub Apps.";

/** Makes the label, and says whether a run could start now; what GitHub does not show an App, the pull request's list names. */
async function activate(place: Workplace, tools: AppTools): Promise<string | null> {
  const { github } = place;
  const facts = await readRepository(github, place.repository);
  if (facts?.id !== place.repositoryId) return null;
  const repository = { owner: facts.owner, repo: facts.repo };
  const at = { ref: facts.defaultBranch };
  const [file, workflow, baseSha] = await Promise.all([readFile(github, repository, { ...at, path: CONFIG_PATH }), readFile(github, repository, { ...at, path: WORKFLOW_PATH }), readBranchHead(github, repository, facts.defaultBranch)]);
  const config: ConfigState = file === null ? "missing" : parseConfig(file.text ?? "", CONFIG_PATH);
  const ready = preconditions({ repository: facts, config, workflowText: workflow?.text ?? null, baseSha, stoppedBy: null });
  const name = config !== "missing" && config.ok ? config.value.label : DEFAULT_LABEL;
  await tools.effects.apply(repositoryLabelEffect(github, repository, { name, color: LABEL_COLOR, description: "WorkTrain works on this issue" }));
  if (ready.kind === "refuse") return ["WorkTrain cannot start yet.", "", `${ready.refusal.message} ${ready.refusal.fix}`, ...ready.refusal.details.map((line) => `- ${line}`)].join("\n");
  return `**WorkTrain is on.** Set the label \`${name.replaceAll("`", "")}\` on an issue that you want a pull request for. If the secret or the environments are still missing, the first run says so.`;
}
