export { artifactOf, CONTRACT, next, type ItemAction } from "./next.ts";
export { RESUMABLE_ENDINGS } from "./failures.ts";
export { evolveItem, foldItem, initialItem, type ItemSession, type ItemState, type SessionResult } from "./state.ts";
