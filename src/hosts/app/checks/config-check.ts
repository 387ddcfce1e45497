/**
 * Says on a pull request into the default branch whether the configuration in it is valid, before it counts (G8). On the default
 * branch itself no check run is made: there the next start explains.
 *
 * I8. The file is read and parsed, nothing of it is run; what it says stands in annotations, which GitHub shows as plain text.
 */
import { z } from "zod";
import { CONFIG_PATH, parseConfig } from "../../../config/index.ts";
import { parseOwnBranch, readFile, readFileChange } from "../../../github/read/index.ts";
import { checkRunEffect, MAX_ANNOTATIONS, type CheckRunWish } from "../../../github/write/index.ts";
import type { Fault } from "../../../shared/fault.ts";
import { workplaceOf, type Delivery } from "../delivery.ts";
import type { ClientOptions } from "../installation-client.ts";
import type { SubjectQueue } from "../subject-queue.ts";
import type { AppTools, Workplace } from "../workplace.ts";

export interface ConfigCheckTools extends AppTools, ClientOptions {
  readonly queue: SubjectQueue;
}

interface Webhooks {
  on(events: ConfigCheckWebhook[], handler: (delivery: Pick<Delivery, "payload" | "installation">) => void): unknown;
}

export type ConfigCheckWebhook = "pull_request.opened" | "pull_request.reopened" | "pull_request.synchronize";

export const CONFIG_CHECK_NAME = "WorkTrain config";

const payloadSchema = z.object({
  repository: z.object({ default_branch: z.string() }),
  pull_request: z.object({ number: z.int(), head: z.object({ ref: z.string(), sha: z.string() }), base: z.object({ ref: z.string() }), user: z.object({ type: z.string() }).nullish() }),
});

export function registerConfigCheck(webhooks: Webhooks, tools: ConfigCheckTools): void {
  webhooks.on(["pull_request.opened", "pull_request.reopened", "pull_request.synchronize"], (delivery) => {
    const parsed = payloadSchema.safeParse(delivery.payload);
    if (!parsed.success) return;
    const { repository, pull_request: pull } = parsed.data;
    // Of our own changes none touches the configuration unless `paths.allow` opens it, and each would cost a request here.
    if (pull.base.ref !== repository.default_branch || (pull.user?.type === "Bot" && parseOwnBranch(pull.head.ref) !== null)) return;
    const place = workplaceOf(delivery, tools);
    if (place !== null) tools.queue.add(`${place.repositoryId}/config-${pull.number}`, { name: "checking a configuration", coalesce: pull.head.sha, run: () => checkConfig(place, tools, { pullNumber: pull.number, headSha: pull.head.sha }) });
  });
}

async function checkConfig({ github, repository }: Workplace, tools: AppTools, { pullNumber, headSha }: { readonly pullNumber: number; readonly headSha: string }): Promise<void> {
  const change = await readFileChange(github, repository, { pullNumber, path: CONFIG_PATH });
  if (change === null) return;
  const file = change === "removed" ? null : await readFile(github, repository, { path: CONFIG_PATH, ref: headSha });
  const verdict = file === null ? GONE : file.text === null ? verdictOf([NO_TEXT]) : verdictOfText(file.text);
  await tools.effects.apply(checkRunEffect(github, repository, { appId: tools.author.appId, name: CONFIG_CHECK_NAME, headSha, externalId: `config:${headSha}`, ...verdict }));
}

type Verdict = Pick<CheckRunWish, "conclusion" | "title" | "summary" | "annotations">;

const NO_TEXT: Fault = { file: CONFIG_PATH, line: 1, column: 1, path: "", message: "It is no text file in UTF-8 of at most 1 MB.", fix: "Write it as one." };

const GONE: Verdict = { conclusion: "neutral", title: "The configuration is taken away", summary: `Without \`${CONFIG_PATH}\` on the default branch WorkTrain starts nothing. An empty file means all defaults.`, annotations: [] };

function verdictOfText(text: string): Verdict {
  const parsed = parseConfig(text, CONFIG_PATH);
  if (!parsed.ok) return verdictOf(parsed.error);
  return { conclusion: "success", title: "The configuration is valid", summary: `Every key and value of \`${CONFIG_PATH}\` was checked. It counts once it is on the default branch.`, annotations: [] };
}

function verdictOf(faults: readonly Fault[]): Verdict {
  const count = `${faults.length} ${faults.length === 1 ? "fault" : "faults"}`;
  const shown = faults.slice(0, MAX_ANNOTATIONS);
  return {
    conclusion: "failure",
    title: `The configuration has ${count}`,
    summary: `Each stands at its line${shown.length < faults.length ? `, the first ${shown.length} of them` : ""}. With it on the default branch WorkTrain starts nothing. \`docs/configuration.md\` of WorkTrain lists every key.`,
    annotations: shown.map(({ line, message, fix }) => ({ path: CONFIG_PATH, line, message: `${message} ${fix}` })),
  };
}
