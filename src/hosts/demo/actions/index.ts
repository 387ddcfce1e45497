export { startLocalActions, type LocalActions } from "./local-actions.ts";
export type { LocalActionsOptions } from "./local-actions-options.ts";
export type { LocalActionsEvent } from "./events.ts";
export type { ArtifactCall, ArtifactFault } from "./artifacts/artifact-faults.ts";
