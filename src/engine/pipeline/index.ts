export { artifactOf, CONTRACT, next, PIPELINE, type ItemAction } from "./next.ts";
export { endingOf, fixOf } from "./failures.ts";
export { evolveItem, foldItem, type ItemSession, type ItemState, type SessionResult } from "./state.ts";
