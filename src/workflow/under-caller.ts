/** What a step that calls a routine says beside the call. */
import { canonicalJson } from "../shared/json.ts";
import { both, withAudit } from "./compile-step.ts";
import type { Path } from "./issue.ts";
import type { ConfirmStep, PlanStep, StandardStep } from "./plan.ts";
import { claimId, type Scope } from "./scope.ts";
import { bothAllow } from "./tools.ts";
import type { StepValues } from "./vocabulary-steps.ts";

interface Call {
  readonly caller: StandardStep;
  readonly audit: StepValues["audit"];
  readonly path: Path;
}

/**
 * The routine's steps as the calling step wants them: part of what it says holds for each of them or for the first. What it demands
 * (contract, gate, audit, criteria and so on) the last one carries if it always runs and has no demand of that kind of its own;
 * otherwise a closing step does, so that no condition in the routine can do away with it.
 */
export function underCaller(steps: readonly PlanStep[], call: Call, introduction: readonly string[], scope: Scope): readonly PlanStep[] {
  const { caller, audit } = call;
  const firstWork = steps.findIndex((step) => step.kind === "standard");
  const carrier = carrierOf(steps, call);
  const expanded = steps.flatMap((step, index): readonly PlanStep[] => {
    const runCondition = both(caller.runCondition, step.runCondition);
    if (step.kind !== "standard") return [{ ...withinTools(step, caller.allowedTools), runCondition }];
    const shared: StandardStep = {
      ...step,
      runCondition: step.audits === null ? runCondition : step.runCondition,
      agentRole: step.agentRole ?? caller.agentRole,
      systemPrompt: step.systemPrompt ?? caller.systemPrompt,
      allowedTools: bothAllow(step.allowedTools, caller.allowedTools),
      guidance: [...step.guidance, ...caller.guidance, ...(index === firstWork ? introduction : [])],
      hints: [...new Set([...step.hints, ...caller.hints])],
      definitions: [...step.definitions, ...caller.definitions],
      requires: step.audits === null ? { ...caller.requires, ...step.requires } : step.requires,
    };
    if (carrier === null) return [shared];
    const gated: StandardStep = index === steps.length - 1 ? { ...shared, confirmation: step.confirmation ?? caller.confirmation, jump: step.jump ?? caller.jump } : shared;
    return index === carrier ? withAudit(withOutput(gated, caller), audit) : [gated];
  });
  return carrier === null ? [...expanded, ...closing(call, scope)] : expanded;
}

/** The step with all that stands in it, kept to the caller's tools: what a routine allows can only narrow them. Children have no more than their step. */
function withinTools<Step extends PlanStep>(step: Step, allowed: readonly string[] | null): Step {
  if (step.kind === "loop") return { ...step, body: step.body.map((inner) => withinTools(inner, allowed)) };
  return step.kind === "parallel" || step.kind === "standard" ? { ...step, allowedTools: bothAllow(step.allowedTools, allowed) } : step;
}

/** The index of the step that can carry what the call demands; null when none surely runs, or one demand would push out another. */
function carrierOf(steps: readonly PlanStep[], { caller, audit }: Call): number | null {
  const index = steps.findLastIndex((step) => step.kind === "standard" && step.audits === null);
  const work = steps[index];
  const end = steps.at(-1);
  if (work?.kind !== "standard" || end?.kind !== "standard") return null;
  const audited = end.audits === work.id;
  if (!audited && end !== work) return null;
  // With a condition of the call's own, an earlier step could change what it looks at.
  if (work.runCondition !== null || (caller.runCondition !== null && index > 0)) return null;
  const clash =
    (audited && audit !== undefined) ||
    (bothSay(work.contract, caller.contract) && bothWant(work.contract, caller.contract) === null) ||
    bothSay(work.verification.command, caller.verification.command) ||
    bothSay(work.verification.prompt, caller.verification.prompt) ||
    bothSay(work.criteria, caller.criteria) ||
    bothSay(end.confirmation, caller.confirmation) ||
    bothSay(end.jump, caller.jump) ||
    Object.entries(caller.produces).some(([key, schema]) => Object.hasOwn(work.produces, key) && canonicalJson(work.produces[key] ?? null) !== canonicalJson(schema));
  return clash ? null : index;
}

type Contract = StandardStep["contract"];

/** One artifact that does for both; null where they want different ones. */
function bothWant(one: Contract, other: Contract): Contract {
  if (one === null || other === null) return one ?? other;
  if (one.ref !== other.ref || one.accountsFor !== other.accountsFor) return null;
  return { ...one, required: one.required || other.required, requireFields: [...new Set([...one.requireFields, ...other.requireFields])] };
}

const bothSay = (one: unknown, other: unknown): boolean => one !== null && other !== null;

/** What the call demands, as a step or a gate of its own; nothing when it demands nothing. */
function closing({ caller, audit, path }: Call, scope: Scope): readonly PlanStep[] {
  const { contract, verification, criteria, assessments, produces, fragments, jump, confirmation } = caller;
  const wantsWork = contract !== null || verification.command !== null || verification.prompt !== null || criteria !== null || assessments.length > 0 || Object.keys(produces).length > 0 || fragments.length > 0 || jump !== null || audit !== undefined;
  const claimed = (name: string): string => {
    // A step of the routine may have the name.
    let id = `${caller.id}.${name}`;
    for (let count = 2; scope.registry.ids.has(id); count += 1) id = `${caller.id}.${name}-${count}`;
    claimId(scope, id, path);
    return id;
  };
  if (wantsWork) return withAudit({ ...caller, id: claimed("close"), prompt: `The steps of "${caller.title}" are over. See to it that what this step asks for is there, and hand it over.`, closes: caller.id }, audit);
  if (confirmation === null) return [];
  const { id, title, runCondition, origin } = caller;
  const gate: ConfirmStep = { kind: "confirm", id: claimed("confirm"), title, runCondition, origin, confirmation, after: id, closes: id };
  return [gate];
}

/** What the call wants handed over comes from the routine's last work. */
const withOutput = (step: StandardStep, caller: StandardStep): StandardStep => ({
  ...step,
  contract: bothWant(step.contract, caller.contract),
  notesRequired: caller.contract === null && step.notesRequired,
  verification: { command: step.verification.command ?? caller.verification.command, prompt: step.verification.prompt ?? caller.verification.prompt },
  produces: { ...step.produces, ...caller.produces },
  fragments: [...step.fragments, ...caller.fragments],
  criteria: step.criteria ?? caller.criteria,
  assessments: [...new Set([...step.assessments, ...caller.assessments])],
  consequences: [...step.consequences, ...caller.consequences],
});
