/** From a label to an order: authorise, read the configuration, decide. */
import { readPermission } from "../../../github/read/index.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import { againBy, authorise, decideStart, DEFAULT_LABEL, isStartLabel, type StartDecision } from "../../../intake/index.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import { tellNotAllowed } from "../commands/say.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import type { Workplace } from "../workplace.ts";
import { isGiven, labelled, setLabel } from "./asked-otherwise.ts";
import { ASKING, type LabelDelivery } from "./order.ts";
import { itemRuns, readPriorAttempt } from "./prior-attempt.ts";
import { firstMarker, refuse, stillWaits, type Refused } from "./refusal.ts";
import { setStage } from "./stage.ts";
import { start, type StartTools } from "./start.ts";

/** The dispatched run's id; null when nothing was dispatched or GitHub has not said yet. */
export async function startWork(place: Workplace, tools: StartTools, delivery: LabelDelivery): Promise<number | null> {
  const { asked } = delivery;
  const ignored = (reason: string): null => {
    tools.log.info(asked === undefined ? "label ignored" : `${asked.kind} ignored`, { repository: place.repositoryId, issue: delivery.event.issueNumber, delivery: delivery.deliveryId, reason });
    return null;
  };
  const stage = await setStage(place, delivery.event.issueNumber);
  if (stage === null) return ignored("repository-gone");
  const { here, facts, config } = stage;
  const label = config !== "missing" && config.ok ? config.value.label : DEFAULT_LABEL;
  const event = asked === undefined ? delivery.event : { ...delivery.event, label };
  const issue = asked === undefined ? stage.issue : labelled(stage.issue, label);
  if (!isStartLabel(event.label, config)) return ignored("other-label");
  if (asked?.kind === "issues.assigned" && !(await isGiven(stage, event.issueNumber, asked.assignee))) return ignored("other-assignee");
  const verdict = permissionVerdict(await readPermission(here.github, here.repository, event.sender.login), event.sender.id);
  const asking = asked === undefined ? "label" : ASKING[asked.kind];
  // What an issue's text asks for was looked at by the rule of its own command.
  const least = asked?.kind !== "issues.opened" && config !== "missing" && config.ok ? config.value.permissions.run : "write";
  const authorisation = authorise(verdict, asking, { name: "run", least });
  if (authorisation.kind === "silent") return ignored("actor-may-not-start");

  const board = openStatusBoard(here, tools, event.issueNumber);
  const status = await board.readShown(stage.comments);
  if (authorisation.kind === "refused") {
    // Somebody who may label but not start is told once, and never over the status of real work.
    if (status !== null) await tellNotAllowed(here, tools, { event, status, refusal: authorisation.refusal });
    else if (issue !== null) await refuse(board, null, firstMarker(event), { ...authorisation.refusal, details: [] });
    return ignored(authorisation.refusal.kind);
  }
  // Without our comment the runs count the attempts, and tell as well whether this wish was dispatched.
  const runs = status === null && issue !== null ? await itemRuns(here, issue) : null;
  const prior = issue === null ? null : await readPriorAttempt(here, tools, { issue, status, runs });
  const decision = decideStart(event, { ...stage, issue, repository: facts, prior, asked: asking, ...(asked?.kind === "issues.opened" ? { wish: asked.wish } : {}) });
  const refused = (decided: Exclude<StartDecision, { kind: "ignore" }>, refusal: Refused): Promise<void> => refuse(board, status, stillWaits(status, decided, event.labelledAt) ?? { ...firstMarker(event), attempt: decided.attempt, wish: decided.wish, recreated: status?.marker.recreated ?? false }, refusal);
  switch (decision.kind) {
    case "ignore":
      // Given back while its run is at work: wanted again, which is what the label says.
      if (asked?.kind === "issues.assigned" && decision.reason === "already-running" && prior !== null && Date.parse(event.labelledAt) > Date.parse(prior.labelledAt)) await setLabel(stage, tools, label);
      return ignored(decision.reason);
    case "refuse":
      await refused(decision, decision.refusal);
      return ignored(decision.refusal.kind);
    case "start": {
      if (delivery.editedSince === true) {
        await refused(decision, asked === undefined ? EDITED_SINCE : { ...ASKED_EDITED_SINCE, fix: `${againBy(asking)}, so that the present text is taken.` });
        return ignored("text-changed");
      }
      const unlabelled = asked === undefined ? null : await setLabel(stage, tools, label);
      if (unlabelled !== null) {
        await refused(decision, unlabelled);
        return ignored("label-not-set");
      }
      return (await start({ place: here, facts, board, status, runs, workflowText: stage.workflowText }, tools, { ...delivery, event, decision, role: authorisation.role })).runId;
    }
    default:
      return unreachable(decision);
  }
}

const ASKED_EDITED_SINCE = {
  message: "Work was asked for while WorkTrain did not hear of it, and the issue's text was changed since. It works on the text as it was then, which is not known any more.",
  details: [],
};

const EDITED_SINCE = {
  message: "The label was set while WorkTrain did not hear of it, and the issue's text was changed since. It works on the text as it was when the label was set, which is not known any more.",
  fix: "Remove the label and add it again, so that the present text is taken.",
  details: [],
};
