import type { State } from "../state.ts";

/** What a view needs: the state, and the server's address for links. */
export interface View {
  readonly state: State;
  readonly base: string;
}

/** GitHub's opaque node ids: base64 of kind and number. */
export const nodeId = (kind: string, id: number | string): string => Buffer.from(`${kind}_${id}`).toString("base64url");
