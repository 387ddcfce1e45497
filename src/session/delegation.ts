/** Children of a parallel step, whoever drives them: a client by token, or the runner's own agents. */
import type { Refusal } from "../shared/errors.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { Plan } from "../workflow/index.ts";
import { childPlansOf } from "./child-plans.ts";
import type { SessionInit } from "./init.ts";
import { type ChildAnswer, childInit, type Pending } from "./pending.ts";
import type { Session } from "./session.ts";

export type PendingChild = Extract<Pending, { kind: "child" }>;

/** Levels of sessions that work for each other below the one that was asked for: a workflow that delegates to itself has an end. */
export const MAX_LEVELS = 3;
export const tooDeep: Refusal<"too-deep"> = { kind: "too-deep", message: `Sessions work for each other over at most ${MAX_LEVELS} levels.`, fix: "Do this part of the work in the session itself." };

/** Where sessions are kept and workflows found. */
export interface ChildHost {
  /** A session that was started before; null when there is none. */
  find(sessionId: string): Promise<Session | null>;
  create(init: SessionInit): Promise<Result<Session, Refusal>>;
  findPlan(workflowId: string): Result<Plan, Refusal>;
}

/** The child's session: gone on with when it was started before, whatever process did that, else started. */
export async function openChild(host: ChildHost, parent: Session, child: PendingChild): Promise<Result<Session, Refusal>> {
  const known = await host.find(child.sessionId);
  if (known !== null) return ok(known);
  if ((await levelOf(host, parent)) >= MAX_LEVELS) return err(tooDeep);
  const init = await createChildInit((id) => host.findPlan(id), parent, child);
  return init.ok ? host.create(init.value) : init;
}

async function levelOf(host: ChildHost, session: Session): Promise<number> {
  const parentOf = (each: Session | null): string | null => {
    const state = each?.state();
    return state === undefined || state.kind === "new" ? null : state.facts.start.parentSessionId;
  };
  let level = 0;
  for (let parentId = parentOf(session); parentId !== null; parentId = parentOf(await host.find(parentId))) level += 1;
  return level;
}

/** The answer for a child that no session could be started for. */
export const couldNotStart = (childId: string, { message, fix }: Refusal): ChildAnswer => ({ childId, sessionId: null, outcome: "failed", summary: `${message} ${fix}`, artifacts: [] });

/** How the child's session is started: on the plan that its parent kept for it, else on what is found now. A refusal when there is no such workflow. */
export async function createChildInit(findPlan: ChildHost["findPlan"], parent: Session, child: PendingChild): Promise<Result<SessionInit, Refusal>> {
  const kept = await parent.childPlan(child.workflowId);
  const plan = kept === null ? findPlan(child.workflowId) : ok(kept);
  if (!plan.ok) return plan;
  const init = childInit(parent.state(), child, plan.value);
  if (init === null) return err({ kind: "not-started", message: "The parent has not started.", fix: "Start it first." });
  return ok({ ...init, childPlans: await childPlansOf(plan.value, async (id) => (await parent.childPlan(id)) ?? foundBy(findPlan, id)) });
}

/** A workflow's plan; null when there is none. */
export function foundBy(findPlan: ChildHost["findPlan"], workflowId: string): Plan | null {
  const plan = findPlan(workflowId);
  return plan.ok ? plan.value : null;
}
