export { earlierWorkIn, type EarlierWork } from "./earlier-work.ts";
export { gatherContext, type SessionContext } from "./gather.ts";
export { readPriorWork } from "./prior-work.ts";
