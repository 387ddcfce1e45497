/** The text of the onboarding pull request. Pure. I4: it says what is known, and of what GitHub does not show an App that it is not known. */
import { budgetOf, parseConfig } from "../../config/index.ts";
import type { Findings } from "./findings.ts";
import { newFileLink, SET_UP_PATHS } from "./set-up-files.ts";

/** How the workflow file gets there. `foreign`: something else has its name. `not-known`: nobody told the App which action to run. */
export type WorkflowOffer = { readonly kind: "present" | "foreign" } | { readonly kind: "included" } | { readonly kind: "link"; readonly text: string } | { readonly kind: "not-known" };

export interface OnboardingText {
  readonly repositoryId: number;
  readonly htmlUrl: string;
  readonly defaultBranch: string;
  readonly isPublic: boolean;
  /** The pull request's own. */
  readonly branch: string;
  readonly found: Findings;
  readonly workflow: WorkflowOffer;
  /** Text of the config as the pull request leaves it. */
  readonly config: string;
}

export const ONBOARDING_TITLE = "Set up WorkTrain";
export const onboardingMarker = (repositoryId: number): string => `<!-- worktrain:onboarding ${repositoryId} -->`;

export function onboardingBody(text: OnboardingText): string {
  return [
    onboardingMarker(text.repositoryId),
    "Label an issue, come back to a reviewed pull request that carries the proof of how it was made. This pull request sets that up.",
    "",
    "**Merge it** to turn WorkTrain on. **Close it** to decline: you are not asked again, unless you reopen it or comment `/worktrain config --set-up`.",
    "",
    ...section("What was found", foundLines(text)),
    ...section("What happens then", afterLines(text)),
    ...section("What it may cost", costLines(text)),
    ...section("What is missing", missingLines(text)),
    ...section("Who can read the record", [recordLine(text.isPublic)]),
    "<sub>To look everything over at any time: `npx worktrain doctor` in a clone.</sub>",
    "",
  ].join("\n");
}

const section = (title: string, lines: readonly string[]): readonly string[] => [`### ${title}`, "", ...lines, ""];

function foundLines({ found }: OnboardingText): readonly string[] {
  const rules = [...found.rules.slice(0, SHOWN_RULES).map((path) => `\`${path}\``), ...moreOf(Math.max(0, found.rules.length - SHOWN_RULES) + found.rulesUnnamed, found.rules.length)];
  const rows = [
    ["Languages", found.languages.length === 0 ? "none that is known" : found.languages.join(", ")],
    ["Tests", found.test === null ? "no command was found; set `commands.test`, or nothing verifies the result" : `\`${found.test.command}\``],
    ["CI", found.ci.length === 0 ? "none" : found.ci.join(", ")],
    ["Instructions for agents", rules.length === 0 ? "none (`AGENTS.md`, `CLAUDE.md` or `.worktrain/rules/*.md` would be read)" : rules.join(", ")],
  ];
  return ["| | |", "|---|---|", ...rows.map(([name, what]) => `| ${name} | ${what} |`), ...(found.complete ? [] : ["", "The repository has more files than GitHub lists at once: there may be more than this."])];
}

const SHOWN_RULES = 5;
const moreOf = (rest: number, named: number): readonly string[] => (rest <= 0 ? [] : [named === 0 ? `${rest} ${rest === 1 ? "file" : "files"}` : `${rest} more`]);

/** By the config as the pull request leaves it, which may have been there before. */
function afterLines({ config }: OnboardingText): readonly string[] {
  const parsed = parseConfig(config, SET_UP_PATHS.config);
  // I8: of a faulty file only where it is faulty.
  if (!parsed.ok) return [`- Nothing, until \`${SET_UP_PATHS.config}\` is mended on the default branch: it is not valid at ${[...new Set(parsed.error.map(({ line }) => `line ${line}`))].join(", ")}.`];
  const { label, commands: { test }, review, sandbox: { network } } = parsed.value;
  return [
    `- Somebody with write permission sets the label \`${label.replaceAll(/[`\r\n]/g, "")}\` on an issue.${review.pullRequests === "all" ? " Every pull request that is no draft is reviewed; before that WorkTrain does nothing." : " WorkTrain does nothing before that."}`,
    `- A workflow run works on it: one job lets the agent work in a sandbox ${network.allow.length === 0 ? "without a network" : "with no network but what `sandbox.network` opens"} and can publish nothing; the last job publishes and runs nothing.`,
    `- The result is a branch and a pull request for people to review and merge. ${test === null ? "" : "`commands.test` of the config is run on it first. "}WorkTrain merges nothing unless the config says so.`,
  ];
}

function costLines({ config }: OnboardingText): readonly string[] {
  const parsed = parseConfig(config, SET_UP_PATHS.config);
  if (!parsed.ok) return ["The config is not valid, so no run starts."];
  const { costMicroUsd, ms } = budgetOf(parsed.value);
  return [
    `An attempt ends at ${costMicroUsd / 1_000_000} US dollars by the model's list price (\`budget.costUsd\`) or after ${ms / 60_000} minutes of work (\`budget.minutes\`), whichever comes first. The model's provider bills the owner of the key. The runs use Actions minutes and artifact storage of this repository's account.`,
  ];
}

function missingLines({ htmlUrl, workflow, branch }: OnboardingText): readonly string[] {
  return [
    ...workflowLines(workflow, htmlUrl, branch),
    "GitHub does not show an App the following, so look for yourself:",
    "",
    `- [ ] [Environments](${htmlUrl}/settings/environments): make \`worktrain-agent\` and \`worktrain-deliver\`, both limited to the default branch.`,
    "- [ ] In `worktrain-agent`, the secret `ANTHROPIC_API_KEY`. Not as a secret of the repository: every writer's workflow could read it.",
    `- [ ] [Actions, General](${htmlUrl}/settings/actions): tick "Allow GitHub Actions to create and approve pull requests".`,
    "- [ ] Tools that the tests need (`actions/setup-node` and the like) go into the workflow file, where its comment says so.",
  ];
}

/** What is to be done for the workflow file, with a link that fills it in where that can be; empty where nothing is. */
export function workflowLines(workflow: WorkflowOffer, htmlUrl: string, branch: string): readonly string[] {
  switch (workflow.kind) {
    case "present":
    case "included":
      return [];
    case "foreign":
      return [`**The workflow file.** \`${SET_UP_PATHS.workflow}\` is there and is not WorkTrain's: nothing in it takes the ticket that a run is dispatched with. Give that workflow another file name, then write \`/worktrain config --set-up\` in a comment to be given WorkTrain's. Without it nothing can start.`, ""];
    case "not-known":
      return ["**The workflow file.** This App was not told which action to run: its operator sets `WORKTRAIN_ACTION`. Then write `/worktrain config --set-up` in a comment.", ""];
    case "link": {
      const { url, filled } = newFileLink(htmlUrl, branch, workflow.text);
      const paste = filled ? [] : ["", "<details><summary>The text to paste there</summary>", "", "````yaml", workflow.text.trimEnd(), "````", "", "</details>"];
      return [`**The workflow file.** This App may not write workflow files. [Add \`${SET_UP_PATHS.workflow}\`](${url}) on the branch \`${branch.replaceAll("`", "")}\`: ${filled ? "the page is filled in" : "paste the text below"}, choose "Commit directly to the branch". Without it nothing can start.`, ...paste, ""];
    }
  }
}

function recordLine(isPublic: boolean): string {
  return isPublic
    ? "**This repository is public.** Everybody who is signed in to GitHub can read the whole record of a run: its log and its artifacts with every word of the agent, every file it read and every output of a command. Secrets are taken out before anything is written, but do not label an issue whose work must not be seen, such as a hole in security that is not mended yet. Workflows for security and incidents are refused here."
    : "The record of a run (its log and its artifacts with every word of the agent, every file it read and every output of a command) can be read by whoever can read this repository. Secrets are taken out before anything is written.";
}
