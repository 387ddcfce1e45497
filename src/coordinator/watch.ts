/** Saves a session's work at its boundaries and tells the outside how it goes. */
import type { AgentProgress } from "../agent/index.ts";
import type { Settled } from "./settle.ts";
import { recordReached, saveFiles } from "./seat.ts";
import { add } from "./spent.ts";
import type { Seat } from "./tree.ts";

export interface Watch {
  /** A step is out for this agent. */
  step(): void;
  /** Before a submission: the files are in the log before a verification of them is, so a run lost in between resumes on the files it verified. */
  before(): Promise<void>;
  /** After a submission and what came of it have been journaled. */
  after(settled: Settled): Promise<void>;
  /** A tool may have changed files; its result is not in the log yet. */
  changed(): Promise<void>;
  afterTools(): void;
  progress(progress: AgentProgress): void;
}

export function watchSeat(seat: Seat): Watch {
  const { tree, session } = seat;
  const { deps, run } = tree;
  const { phase } = run;
  let step = session.offer()?.stepId ?? "start";
  const spent = () => add(run.spentBefore("left-out"), tree.spent("left-out"));
  const here = () => ({ phase, step, costMilliUsd: Math.round(spent().costMicroUsd / 1000), ending: null });
  const watch: Watch = {
    step: () => {
      const offer = session.offer();
      if (offer === null) return;
      step = offer.stepId;
      deps.saving?.at(here());
      deps.onProgress({ kind: "step", phase, step, title: offer.title });
    },
    before: () => saveFiles(seat),
    async after(settled) {
      if (settled.kind === "blocked") deps.onProgress({ kind: "blocked", phase, step, messages: settled.blockers.map((blocker) => blocker.message) });
      if (settled.kind === "blocked" || settled.kind === "refused") return;
      // A verification may have reached hosts as well.
      if (seat.writes) await recordReached(deps, session);
      deps.saving?.soon(here());
    },
    async changed() {
      if (session.offer() !== null) await saveFiles(seat);
    },
    afterTools() {
      deps.saving?.at(here());
    },
    progress({ tool, wait }) {
      const at = { phase, step: session.offer()?.stepId ?? "end" };
      if (tool !== undefined) return deps.onProgress({ kind: "tool", ...at, tool });
      if (wait !== undefined) return deps.onProgress({ kind: "wait", ...at, ...wait });
      const { turns, tokens, costMicroUsd } = spent();
      deps.onProgress({ kind: "turn", ...at, turns, tokens, costMicroUsd });
    },
  };
  return watch;
}
