export { startLocalGitHub, type LocalGitHub, type LocalGitHubOptions } from "./local-github.ts";
export type { ActionsPort, ArtifactListing, Conclusion, JobPermissions, NewArtifact, NewJob, QueuedRun, RunProgress, RunStatus } from "./actions-port.ts";
export type { FaultOrder } from "./faults.ts";
export type { LoggedRequest } from "./request-log.ts";
export type { Delivery } from "./webhooks/deliverer.ts";
export type { TimelineEntry } from "./timeline.ts";
