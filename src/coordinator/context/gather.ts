/** Reads what a session's context package is made of, and packs it for the step that is out. */
import { nodesOf, type StepOffer } from "../../engine/session/index.ts";
import { roleOf } from "../seat.ts";
import type { Seat } from "../tree.ts";
import { relevantFiles } from "./files.ts";
import { packContext, type PackedContext } from "./pack.ts";
import { wantedContext, type Wanted } from "./policy.ts";
import { publishedWork } from "./published-work.ts";
import { saidBy } from "./said-by.ts";
import { CONTEXT_REF, dataSections, focusOf, sectionsOf } from "./sections.ts";
import { contextBudget } from "./tokens.ts";

export interface SessionContext {
  readonly wanted: Wanted;
  /** For a conversation that opens with this step, from what the log holds now. */
  pack(offer: StepOffer): PackedContext;
  /** A section as a whole, such as `context.decisions`; null when the session has none of that name. */
  section(ref: string): string | null;
}

/** @param model whose window bounds the package where the config does not */
export async function gatherContext(seat: Seat, model: string): Promise<SessionContext> {
  const { tree, session, depth } = seat;
  const { deps, run } = tree;
  const wanted = wantedContext({ plan: session.plan, depth, phase: run.phase, role: roleOf(session), findPlan: deps.findPlan });
  const needsFiles = wanted.sections.has("files") || wanted.sections.has("sessions");
  const files = needsFiles ? await relevantFiles({ task: run.task, sessions: run.prior.sessions, base: deps.workspace.baseFiles }) : [];
  const published = wanted.sections.has("sessions") ? await publishedWork(deps.workspace.baseFiles, focusOf(files), run.itemId) : [];
  const sourcesOf = (task: string | null) => {
    const facts = tree.facts();
    const steps = nodesOf(session.state()).flatMap(({ stepId, completed, output }) => {
      const notes = completed && output !== null ? saidBy(output) : "";
      return notes === "" ? [] : [{ stepId, notes }];
    });
    // Also who starts blank knows what it noted itself, in a conversation before this one.
    const noted = facts.filter(({ sessionId }) => sessionId === session.id).map(({ kind, text }) => ({ stepId: `remembered ${kind}`, notes: text }));
    const prior = { ...run.prior, facts: facts.filter(({ sessionId }) => sessionId !== session.id) };
    return { rules: deps.rules, phase: run.phase, wanted, task, prior, files, others: deps.earlierWork?.() ?? null, published, steps: [...steps, ...noted] };
  };
  return {
    wanted,
    pack(offer) {
      const task = offer.prompt.includes(run.task.trim()) ? null : run.task;
      const { layers, record } = packContext(sectionsOf(sourcesOf(task)), contextBudget(deps.contextTokens ?? null, model));
      return { layers, record: { policy: wanted.policy, ...record } };
    },
    section(ref) {
      const found = dataSections(sourcesOf(run.task)).find(({ name }) => ref === `${CONTEXT_REF}${name}`);
      return found === undefined ? null : found.render(found.entries);
    },
  };
}
