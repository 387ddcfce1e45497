export { startLocalActions, type LocalActions } from "./local-actions.ts";
export type { LocalActionsEvent } from "./events.ts";
