/**
 * What is to be answered of a delivery, read with the agent job's own token: checks that failed on the delivered commit, or one
 * review that asks for changes.
 *
 * I8. What a check or a reviewer says is data: it is cut, and becomes findings whose words are theirs.
 */
import type { GitHub, Repository } from "../../../github/client.ts";
import { isRedCheck, isRedStatus, readAnnotations, readCheckRuns, readCommitStatuses, readConversations, readSubmittedReview, type CheckRunShown, type CommitStatus, type Conversation } from "../../../github/read/index.ts";
import { isOwnCheck, type ItemEvent } from "../../../record/index.ts";
import type { Ticket } from "../../../github/trust/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { err, ok, type Result } from "../../../shared/result.ts";

type FollowUp = NonNullable<Ticket["followUp"]>;
type FollowedUp = Extract<ItemEvent, { kind: "item_followed_up" }>["data"];

/** What the record tells of it, so that it is known again. */
export const saidIn = ({ because, headSha, reviewId, comments, findings = [] }: FollowUp): Omit<FollowedUp, "by" | "findings"> => ({ because, headSha, ...(reviewId === undefined ? {} : { reviewId }), ...(comments === undefined ? {} : { comments }), ...(because === "asked" ? { named: [...findings] } : {}) });

/** Whether the run was started for what is said of the delivery, not to go on with one that was. */
export const isAnew = ({ command, trigger }: Ticket): boolean => command === "fix" || trigger.kind === "check_run" || trigger.kind === "pull_request_review" || trigger.kind === "pull_request_review_comment" || trigger.kind === "push";

/** A session is told no more; a change that breaks more has one cause most often. */
const MOST_CHECKS = 10;
const MOST_ANNOTATIONS = 20;
const MOST_COMMENTS = 50;
/** Characters of what one check or comment says. */
const MOST_CHARS = 6_000;

/** The findings to answer, at least one; refused where there is nothing to answer any more. */
export async function readFollowUp(github: GitHub, repository: Repository, followUp: FollowUp): Promise<Result<readonly JsonObject[], Refusal<"nothing-to-answer">>> {
  const [findings, gone] = await saidNow(github, repository, followUp);
  return findings.length > 0 ? ok(findings) : err({ kind: "nothing-to-answer", message: gone, fix: "There is nothing to do." });
}

/** What is to be answered, and what is so where that is nothing. */
async function saidNow(github: GitHub, repository: Repository, followUp: FollowUp): Promise<readonly [findings: readonly JsonObject[], gone: string]> {
  const { because, headSha, pullNumber } = followUp;
  if (because === "ci") return [await ofChecks(github, repository, followUp), `No check fails on ${headSha} any more.`];
  if (because === "comments") return [ofConversations(await readConversations(github, repository, pullNumber), followUp.comments ?? []), `What was said in conversations on pull request ${pullNumber} is gone or resolved.`];
  return [await ofReview(github, repository, followUp), `The review that asked for changes of pull request ${pullNumber} is gone, dismissed or empty.`];
}

/** One finding a conversation: what somebody who may have it done said there, behind what was said before. */
function ofConversations(conversations: readonly Conversation[], asked: readonly number[]): readonly JsonObject[] {
  return conversations.flatMap(({ rootId, path, line, comments }) => {
    const wanted = comments.filter(({ id }) => asked.includes(id));
    const [first] = wanted;
    if (first === undefined) return [];
    const who = [...new Set(wanted.map(({ author }) => author?.login ?? "somebody"))].join(" and ");
    const before = comments.slice(0, comments.indexOf(first)).map(({ author, body }) => `${author?.login ?? "somebody"}: ${body}`);
    const said = wanted.map(({ body }) => body).join("\n\n");
    return [
      {
        severity: "major",
        findingCategory: "correctness",
        summary: `Conversation ${rootId}: ${who} asks: ${clip(said.trim().split("\n")[0] ?? "", 160)}`,
        file: path,
        ...(line === null ? {} : { line }),
        evidence: clip([said, ...(before.length === 0 ? [] : [`Said in the conversation before it, by anybody: it only tells what is meant.\n${clip(before.join("\n"), MOST_CHARS / 3)}`])].join("\n\n"), MOST_CHARS),
        remediation: `Do what is asked within the task; a question, or what would be wrong or goes beyond the task, is answered and nothing is changed for it. Begin one of keyDecisions of the handoff with "Conversation ${rootId}:" and say there what you did or why not: it is posted as the answer.`,
      },
    ];
  });
}

async function ofChecks(github: GitHub, repository: Repository, { headSha }: FollowUp): Promise<readonly JsonObject[]> {
  const red = (await readCheckRuns(github, repository, headSha)).filter((check) => !isOwnCheck(check.name) && isRedCheck(check));
  const findings: JsonObject[] = [];
  for (const check of red.slice(0, MOST_CHECKS)) findings.push(await ofCheck(github, repository, check));
  const statuses = (await readCommitStatuses(github, repository, headSha)).filter(isRedStatus);
  return [...findings, ...statuses.slice(0, MOST_CHECKS).map(ofStatus)];
}

/** A service says no more than a line and where to look, which is out of reach here. */
const ofStatus = ({ context, state, description, url }: CommitStatus): JsonObject => ({
  severity: "major",
  findingCategory: "correctness",
  summary: `The commit status "${clip(context, 100)}" is ${clip(state, 20)} on the delivered commit`,
  evidence: clip([description, url].filter((part) => part !== "").join("\n") || "It says nothing more; find out what it runs from the files that set it up.", MOST_CHARS),
  remediation: "Find the cause and mend it, so that the status is green. What it checks is not weakened, skipped or removed to that end.",
});

async function ofCheck(github: GitHub, repository: Repository, { id, name, conclusion, said, annotations }: CheckRunShown): Promise<JsonObject> {
  const notes = annotations === 0 ? [] : await readAnnotations(github, repository, { checkRunId: id, first: MOST_ANNOTATIONS });
  const [first] = notes.filter(({ level, path }) => level === "failure" && path !== ".github");
  const evidence = [said, ...notes.map(({ path, line, level, message }) => `${path}:${line} ${level}: ${message}`)].filter((part) => part !== "").join("\n");
  return {
    severity: "major",
    findingCategory: "correctness",
    summary: `The check "${clip(name, 100)}" ended with ${conclusion ?? "no result"} on the delivered commit`,
    ...(first === undefined ? {} : { file: first.path, line: first.line }),
    evidence: evidence === "" ? "It says nothing more; find out what it runs from the files that set it up." : clip(evidence, MOST_CHARS),
    remediation: "Find the cause and mend it, so that the check passes. A check is not weakened, skipped or removed to that end.",
  };
}

async function ofReview(github: GitHub, repository: Repository, { pullNumber, reviewId }: FollowUp): Promise<readonly JsonObject[]> {
  const review = reviewId === undefined ? null : await readSubmittedReview(github, repository, { pullNumber, reviewId });
  if (review?.state !== "CHANGES_REQUESTED") return [];
  const who = review.author?.login ?? "a reviewer";
  const asked = (evidence: string, at: JsonObject): JsonObject => ({
    severity: "major",
    findingCategory: "correctness",
    summary: `${who} asks for a change: ${clip(evidence.trim().split("\n")[0] ?? "", 160)}`,
    ...at,
    evidence: clip(evidence, MOST_CHARS),
    remediation: "Do what is asked within the task; where it would be wrong or goes beyond the task, leave it and say why in the handoff.",
  });
  return [
    ...(review.body.trim() === "" ? [] : [asked(review.body, {})]),
    ...review.comments.slice(0, MOST_COMMENTS).map(({ path, line, body }) => asked(body, { file: path, ...(line === null ? {} : { line }) })),
  ];
}

const clip = (text: string, limit: number): string => (text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`);
