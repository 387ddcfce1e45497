/** A state as plain JSON without the history's nesting, so that a long session can be kept and gone on from without its log. */
import type { LoopTurn } from "../../record/index.ts";
import { turnWithItems } from "./evolve.ts";
import type { SessionFacts, SessionNode, SessionState } from "./state.ts";

type Started = Exclude<SessionState, { kind: "new" }>;
type WithoutNodes<S> = S extends Started ? Omit<S, "node" | "facts"> : never;

export interface Snapshot {
  readonly v: 1;
  /** Each after its parent, which is named by its place in this list. */
  readonly nodes: readonly (Omit<SessionNode, "parent"> & { readonly parent: number | null })[];
  readonly state: (WithoutNodes<Started> & { readonly facts: Omit<SessionFacts, "branches"> & { readonly branches: readonly number[] }; readonly node: number | null }) | null;
}

/** A new session has no state yet. */
export function snapshotOf(state: SessionState): Snapshot {
  if (state.kind === "new") return { v: 1, nodes: [], state: null };
  const { node, facts, ...rest } = state;
  const places = new Map<SessionNode, number>();
  const nodes: Snapshot["nodes"][number][] = [];
  const place = (tip: SessionNode): number => {
    const missing: SessionNode[] = [];
    for (let each: SessionNode | null = tip; each !== null && !places.has(each); each = each.parent) missing.push(each);
    for (const each of missing.toReversed()) {
      places.set(each, nodes.length);
      nodes.push({ ...each, parent: each.parent === null ? null : (places.get(each.parent) ?? null), loops: each.loops.map((turn) => withoutInherited(turn, each.parent)) });
    }
    return places.get(tip) ?? 0;
  };
  const branches = facts.branches.map(place);
  return { v: 1, state: { ...rest, facts: { ...facts, branches }, node: node === null ? null : place(node) }, nodes };
}

/** A turn without the list that its node has from its parent: lists are kept once. */
function withoutInherited(turn: LoopTurn, parent: SessionNode | null): LoopTurn {
  const { items, ...rest } = turn;
  return items === undefined || items === parent?.loops.find((each) => each.loopId === turn.loopId)?.items ? rest : turn;
}

/** The state a snapshot was taken of. */
export function stateOf(snapshot: Snapshot): SessionState {
  const { state } = snapshot;
  if (state === null) return { kind: "new" };
  const nodes: SessionNode[] = [];
  const at = (index: number | null): SessionNode | null => (index === null ? null : (nodes[index] ?? null));
  for (const each of snapshot.nodes) {
    const parent = at(each.parent);
    nodes.push({ ...each, parent, loops: each.loops.map((turn) => turnWithItems(turn, parent)) });
  }
  const facts: SessionFacts = { ...state.facts, branches: state.facts.branches.flatMap((index) => at(index) ?? []) };
  return { ...state, facts, node: at(state.node) } as SessionState;
}
