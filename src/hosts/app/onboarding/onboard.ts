/**
 * Proposes WorkTrain to a repository: one pull request with what is missing to begin (G7).
 *
 * I2. The branch is made once and only goes forward, the pull request has branch and marker as key: a repeated webhook, a second
 *     replica or a crash in between comes to the same. A file that is there, on the default branch or on ours, is never overwritten.
 * I8. What the repository's files say ends up in the text only as one of our own words, or as a path of plain characters.
 */
import type { GitHub, Repository } from "../../../github/client.ts";
import { readFile, readRepository, readTree, type RepositoryShown } from "../../../github/read/index.ts";
import { addedFilesEffect, findOwnPullRequest, openPullRequestEffect, ownIssueEffect, pullRequestEditEffect, readBranchHead, type OwnPullRequest } from "../../../github/write/index.ts";
import { configText, findings, ONBOARDING_TITLE, onboardingBody, onboardingMarker, SET_UP_PATHS, takesTickets, workflowLines, workflowText, type Findings, type RepositoryFiles, type WorkflowOffer, type WorkflowParts } from "../../../intake/index.ts";
import { orLogged, type AppTools, type Workplace } from "../workplace.ts";

export interface OnboardingTools extends AppTools {
  /** What the workflow file is made from. */
  readonly workflow: WorkflowParts;
}

export interface OnboardingWish {
  /** Somebody asked for it again: a declined pull request is opened anew. */
  readonly again: boolean;
  /** The App's token may write workflow files. */
  readonly mayWriteWorkflows: boolean;
}

export type Onboarded =
  | { readonly kind: "asked"; readonly number: number; readonly url: string }
  /** Only the workflow file is missing, which the App cannot write or, where another is in its place, does not: what to do, as Markdown. */
  | { readonly kind: "by-hand"; readonly what: string }
  | { readonly kind: "left"; readonly reason: "repository-gone" | "repository-archived" | "repository-is-fork" | "repository-empty" | "set-up-already" | "declined" };

/** A fresh name each time that the one before was merged or its branch is gone; more often nobody asks in earnest. */
const MOST_BRANCHES = 20;
export const ONBOARDING_BRANCH = /^worktrain\/onboarding(?:-[1-9][0-9]?)?$/;
const branchName = (nth: number): string => (nth === 1 ? "worktrain/onboarding" : `worktrain/onboarding-${nth}`);

export async function onboard(place: Workplace, tools: OnboardingTools, wish: OnboardingWish): Promise<Onboarded> {
  const facts = await readRepository(place.github, place.repository);
  // The name may meanwhile belong to another repository; the id in the signed event decides (attack 3).
  if (facts?.id !== place.repositoryId) return left("repository-gone");
  if (facts.archived) return left("repository-archived");
  // Whoever has all repositories of an account opened to us did not mean every fork in it.
  if (facts.isFork && !wish.again) return left("repository-is-fork");
  const here: Workplace = { ...place, repository: { owner: facts.owner, repo: facts.repo } };
  const head = await readBranchHead(here.github, here.repository, facts.defaultBranch);
  if (head === null) return left("repository-empty");
  const files = await filesAt(here.github, here.repository, head);
  const added = await toAdd(files, tools.workflow, wish);
  if (added.missing === 0) return left("set-up-already");
  if (added.files.size === 0) return byHand(here, tools, { facts, workflow: added.workflow });
  const spot = await chooseSpot(here, wish);
  if (spot === null || (spot.present !== null && !wish.again)) return spot?.present?.state === "open" ? asked(spot.present) : left("declined");

  await tools.effects.apply(addedFilesEffect(here.github, here.repository, { branch: spot.branch, from: head, files: added.files, message: `${ONBOARDING_TITLE}\n\nMade by WorkTrain's onboarding; merging it turns WorkTrain on.` }));
  const body = onboardingBody({ repositoryId: facts.id, htmlUrl: facts.htmlUrl, defaultBranch: facts.defaultBranch, isPublic: facts.isPublic, branch: spot.branch, ...added });
  return open(here, tools, { facts, spot, body });
}

/** There is nothing that a pull request could change, so an issue says it: made once, and closed by people it is left alone. */
async function byHand({ github, repository, repositoryId }: Workplace, tools: OnboardingTools, { facts: { htmlUrl, defaultBranch }, workflow }: { readonly facts: RepositoryShown; readonly workflow: WorkflowOffer }): Promise<Onboarded> {
  const what = workflowLines(workflow, htmlUrl, defaultBranch).join("\n").trim();
  const marker = onboardingMarker(repositoryId);
  await orLogged({ github, repository, repositoryId }, tools, { what: "what is missing could not be told", again: true }, () => tools.effects.apply(ownIssueEffect({ github, repository, author: tools.author }, { title: ONBOARDING_TITLE, label: SET_UP_LABEL, marker, body: [marker, "WorkTrain's App is installed here, and one file is missing before it can start.", "", what, "", "**Close this issue** to decline. `/worktrain config --set-up` in a comment looks again." ].join("\n") })));
  return { kind: "by-hand", what };
}

const SET_UP_LABEL = "worktrain:set-up";

const left = (reason: Extract<Onboarded, { kind: "left" }>["reason"]): Onboarded => ({ kind: "left", reason });
const asked = ({ number, url }: Pick<OwnPullRequest, "number" | "url">): Onboarded => ({ kind: "asked", number, url });

interface Additions {
  readonly found: Findings;
  readonly files: ReadonlyMap<string, string>;
  readonly workflow: WorkflowOffer;
  /** Text of the config as it will be. */
  readonly config: string;
  /** How many of the two files the default branch lacks. */
  readonly missing: number;
}

async function toAdd(files: RepositoryFiles, parts: WorkflowParts, wish: OnboardingWish): Promise<Additions> {
  const found = await findings(files);
  const has = (path: string): boolean => files.paths.includes(path);
  const text = workflowText(parts);
  const shown = has(SET_UP_PATHS.workflow) ? ((await files.read(SET_UP_PATHS.workflow)) ?? "") : null;
  const workflow: WorkflowOffer = shown !== null ? { kind: takesTickets(shown) ? "present" : "foreign" } : text === null ? { kind: "not-known" } : wish.mayWriteWorkflows ? { kind: "included" } : { kind: "link", text };
  const present = await files.read(SET_UP_PATHS.config);
  const config = present ?? configText(found, parts.action);
  const added = new Map<string, string>();
  if (workflow.kind === "included" && text !== null) added.set(SET_UP_PATHS.workflow, text);
  if (!has(SET_UP_PATHS.config)) added.set(SET_UP_PATHS.config, config);
  return { found, files: added, workflow, config, missing: (workflow.kind === "present" ? 0 : 1) + (has(SET_UP_PATHS.config) ? 0 : 1) };
}

async function filesAt(github: GitHub, repository: Repository, commit: string): Promise<RepositoryFiles> {
  const { entries, truncated } = await readTree(github, repository, { sha: commit, recursive: true });
  const paths = entries.flatMap(({ path, type }) => (type === "blob" ? [path] : []));
  const known = new Set(paths);
  return {
    paths,
    complete: !truncated,
    // What the list has not is not asked for, unless the list is cut.
    read: async (path) => (known.has(path) || truncated ? ((await readFile(github, repository, { path, ref: commit }))?.text ?? null) : null),
  };
}

interface Spot {
  readonly branch: string;
  readonly present: OwnPullRequest | null;
}

/** The branch to work on and the pull request that it has; of declined and merged ones a new name is taken only when asked again. */
async function chooseSpot({ github, repository, repositoryId }: Workplace, { again }: OnboardingWish): Promise<Spot | null> {
  const marker = onboardingMarker(repositoryId);
  for (let nth = 1; nth <= MOST_BRANCHES; nth += 1) {
    const branch = branchName(nth);
    const present = await findOwnPullRequest(github, repository, { branch, marker });
    if (present === null || present.state === "open" || !again) return { branch, present };
    if (present.state === "closed" && (await readBranchHead(github, repository, branch)) !== null) return { branch, present };
  }
  return null;
}

async function open({ github, repository, repositoryId }: Workplace, tools: OnboardingTools, { facts, spot, body }: { readonly facts: RepositoryShown; readonly spot: Spot; readonly body: string }): Promise<Onboarded> {
  const { branch, present } = spot;
  if (present === null) {
    const wish = { branch, base: facts.defaultBranch, title: ONBOARDING_TITLE, body, marker: onboardingMarker(repositoryId), seen: null };
    const { id, url } = await tools.effects.apply(openPullRequestEffect(github, repository, wish));
    return asked({ number: Number(id), url: url ?? facts.htmlUrl });
  }
  await tools.effects.apply(pullRequestEditEffect(github, repository, { number: present.number, body, ...(present.state === "open" ? {} : { state: "open" }) }));
  return asked(present);
}
