export { startLocalGitHub, type LocalGitHub, type LocalGitHubOptions } from "./local-github.ts";
export type { QueuedRun, RunProgress } from "./actions-port.ts";
export type { LoggedRequest } from "./request-log.ts";
