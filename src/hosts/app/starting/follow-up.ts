/**
 * Goes on with a delivered item when something is said of its commit, or came of it, that is to be answered: the same attempt, from the
 * commit that it left.
 *
 * I10. In whose name is the cause's matter; the permission of that person is asked of the API, now. I2. The dispatch key follows from the
 * attempt. G15: at most `followUp.most` times in a row; then a person is asked.
 */
import type { Config } from "../../../config/index.ts";
import { branchOfIssue, readCommitMessage, readPermission, readStatusState } from "../../../github/read/index.ts";
import { permissionVerdict, type Ticket } from "../../../github/trust/index.ts";
import { authorise, decideStart, type DeliveredHead, type LabeledEvent } from "../../../intake/index.ts";
import { formatItemId, readTrailers } from "../../../record/index.ts";
import type { Asked } from "./causes.ts";
import { tellNotFollowedUp } from "./not-followed-up.ts";
import { setStage, type Stage } from "./stage.ts";
import { start, type StartTools } from "./start.ts";
import { askPersonOnce } from "../runs/ask-person.ts";
import { openStatusBoard, type Status } from "../runs/status-board.ts";
import type { Workplace } from "../workplace.ts";

type Person = { readonly login: string; readonly id: number };

/** The dispatched run's id; null when nothing was dispatched, or GitHub has not said yet. */
export async function followUp(place: Workplace, tools: StartTools, asked: Asked): Promise<number | null> {
  const { cause, head } = asked;
  const { because } = cause;
  const ignored = (reason: string): null => {
    tools.log.info("delivery not followed up", { repository: place.repositoryId, issue: head.issueNumber, because, reason });
    return null;
  };
  if (cause.isSo !== undefined && !(await cause.isSo(place, head.headSha))) return ignored(cause.nothing);
  const stage = await setStage(place, head.issueNumber);
  if (stage === null) return ignored("repository-gone");
  const { here, facts, config, issue, baseSha } = stage;
  if (config === "missing" || !config.ok) return ignored("no-config");
  if (!cause.isWanted(config.value.followUp)) return ignored("switched-off");
  const board = openStatusBoard(here, tools, head.issueNumber);
  const status = await board.readShown(stage.comments);
  const delivered = status === null ? null : await deliveredWork(stage, status, head);
  if (status === null || delivered === null || issue === null) return ignored("not-the-delivery");
  // Nothing more could be said there, neither of what was done nor to whom it is left.
  if (issue.locked) return ignored("locked");
  const found = await cause.find(here, { headSha: head.headSha, pullNumber: delivered.pullNumber, base: { ref: facts.defaultBranch, sha: baseSha }, requester: status.marker.by ?? null });
  if (found === null) return ignored(cause.nothing);
  const authorisation = authorise(permissionVerdict(await readPermission(here.github, here.repository, found.by.login), found.by.id));
  if (authorisation.kind !== "allowed") return ignored("actor-may-not-start");
  const event = eventOf(stage, config.value, { by: found.by, marker: status.marker, issue });
  const decision = decideStart(event, { ...stage, repository: facts, prior: { ...status.marker, commentId: status.marker.command, state: "interrupted" }, unasked: true });
  const done = status.marker.followed ?? 0;
  // Where no work may go on nobody is asked for any.
  if (done >= config.value.followUp.most && (decision.kind === "start" || (decision.kind === "ignore" && decision.reason === "text-changed"))) {
    await askPerson(here, tools, { asked, most: config.value.followUp.most, pullNumber: delivered.pullNumber });
    return ignored("often-enough");
  }
  const again = isAgain(status, found.wish.comments);
  if (again && status.marker.redone === true && decision.kind === "start") {
    await askPersonOnce(here, tools, { issueNumber: head.issueNumber, about: `comments-${found.id}`, headSha: head.headSha, why: `Somebody asked for something in a conversation on #${delivered.pullNumber}, and two runs that were to answer it ended red. It is not tried any more.`, what: `see the status comment for the last run, and answer on #${delivered.pullNumber} by hand; or write in the conversation what is to be done otherwise, which starts a run anew.` });
    return ignored("ended-red-twice");
  }
  if (decision.kind === "ignore" && decision.reason === "text-changed") await tellNotFollowedUp(here, tools, { issueNumber: head.issueNumber, pullNumber: delivered.pullNumber, headSha: head.headSha, refusal: TEXT_CHANGED });
  if (decision.kind !== "start") return ignored(decision.kind === "refuse" ? decision.refusal.kind : decision.reason);
  const wish: NonNullable<Ticket["followUp"]> = { because, headSha: head.headSha, pullNumber: delivered.pullNumber, ...found.wish };
  const order = { event, deliveryId: found.id, decision, role: authorisation.role, unasked: { followed: done + 1, ...(again ? { redone: true as const } : {}) }, followUp: wish, cause: cause.trigger };
  return (await start({ place: here, facts, board, status, runs: null, workflowText: stage.workflowText }, tools, order)).runId;
}

/** Whether the last run was started for the very same: nobody has said anything since. */
const isAgain = ({ marker }: Status, comments: readonly number[] | undefined): boolean => comments !== undefined && comments.every((id) => marker.followUp?.comments?.includes(id) === true);

const TEXT_CHANGED = {
  message: "The issue's text was changed since this was delivered. The attempt answers the text as it was, so nothing more is done for it by itself.",
  fix: "For a new attempt on the present text, remove the start label and add it again; or go on with the pull request by hand.",
};

/** The pull request whose head is still the commit that this attempt delivered: nobody has pushed, closed or merged since (a person takes over by that). */
async function deliveredWork(stage: Stage, { marker }: Status, { attempt, headSha }: DeliveredHead): Promise<{ readonly pullNumber: number } | null> {
  if (marker.state !== "ended" || marker.attempt !== attempt) return null;
  const delivered = await deliveredHead(stage, marker);
  return delivered?.headSha === headSha ? delivered : null;
}

/** The open pull request of an attempt into the default branch, where its head is a commit that the attempt delivered, by the run with this key; null for none. Where the default branch is not known any base does. */
export async function deliveredHead({ here, facts }: { readonly here: Workplace; readonly facts: Pick<Stage["facts"], "id"> & Partial<Pick<Stage["facts"], "defaultBranch">> }, { issueNumber, attempt }: Pick<Status["marker"], "issueNumber" | "attempt">): Promise<{ readonly pullNumber: number; readonly headSha: string; readonly key: string } | null> {
  const { pullRequests } = await readStatusState(here.github, here.repository, { issueNumber, branch: branchOfIssue({ issueNumber, attempt }) });
  const pull = pullRequests?.find(({ open, base }) => open && base === (facts.defaultBranch ?? base));
  if (pull === undefined) return null;
  const { headSha } = pull;
  const trailers = readTrailers((await readCommitMessage(here.github, here.repository, headSha)) ?? "");
  return trailers?.item === formatItemId({ repositoryId: facts.id, subject: `issue-${issueNumber}`, attempt }) ? { pullNumber: pull.number, headSha, key: trailers.key } : null;
}

const eventOf = ({ here, facts }: Stage, { label }: Config, { by, marker, issue }: { readonly by: Person; readonly marker: Status["marker"]; readonly issue: NonNullable<Stage["issue"]> }): LabeledEvent => ({
  repository: { id: facts.id, ...here.repository },
  issueNumber: issue.number,
  label,
  sender: by,
  task: { title: issue.title, body: issue.body },
  labelledAt: marker.labelledAt,
});

/** Said once for each commit: what was tried does not help, and trying on would go round in circles. */
function askPerson(place: Workplace, tools: StartTools, { asked: { cause, head }, most, pullNumber }: { readonly asked: Asked; readonly most: number; readonly pullNumber: number }): Promise<void> {
  return askPersonOnce(place, tools, {
    issueNumber: head.issueNumber,
    about: head.headSha,
    headSha: head.headSha,
    why: `${cause.still}, and it was worked on again ${most} ${most === 1 ? "time" : "times"} already (\`followUp.most\` in .github/worktrain.yml).`,
    what: `look at #${pullNumber} and go on with its branch by hand, or remove the start label of #${head.issueNumber} and add it again for a new attempt.`,
  });
}
