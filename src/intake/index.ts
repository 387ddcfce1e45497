export { authorise, type Authorisation } from "./authorise.ts";
export * from "./commands/index.ts";
export { parseCommentEvent, type CommentEvent } from "./comment-event.ts";
export { decideGoOn, type GoOnCommand, type GoOnDecision, type GoOnFacts, type GoOnRefusal, type OpenGate } from "./decide-go-on.ts";
export { decideRescan, type LabelFound, type Missed } from "./decide-rescan.ts";
export { decideStart, DEFAULT_LABEL, isStartLabel, WORKFLOW_FILE, WORKFLOW_PATH, type ConfigState, type PriorAttempt, type StartDecision, type StartFacts, type StartRefusal } from "./decide-start.ts";
export { dispatchKey, type DispatchIdentity } from "./dispatch-key.ts";
export { MOST_TRIES, nextTry, type NextTry } from "./outage-tries.ts";
export { parseLabeledEvent, parseLabeledPullRequest, type LabeledEvent } from "./labeled-event.ts";
