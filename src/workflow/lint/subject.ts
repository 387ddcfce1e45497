/** What a lint rule looks at: the compiled plan, the file as it was written, and how values go from step to step. */
import type { JsonObject } from "../../shared/json.ts";
import type { Issue } from "../issue.ts";
import type { Plan, PlanStep } from "../plan.ts";
import { routineName } from "../routines.ts";
import { flowOf, type Flow } from "./flow.ts";
import { knownOf, type KnownAt } from "./known.ts";
import { type PlacedStep, placedSteps } from "./placed-steps.ts";

export interface LintSubject {
  readonly plan: Plan;
  readonly root: JsonObject;
  readonly steps: readonly PlacedStep[];
  readonly flow: Flow;
  readonly known: KnownAt;
  /** The same where only what is declared sets a value. Prompts count in files of version 1, which have nothing to declare with. */
  readonly declared: { readonly flow: Flow; readonly known: KnownAt };
  /** Routines and roles are called by others; nobody picks them from a list. */
  readonly kind: "workflow" | "routine" | "role";
  /** Workflows at hand, by id. */
  readonly plans: ReadonlyMap<string, Plan>;
  /** Of a routine: the workflows at hand that have its steps put into them, or run it as a child. */
  readonly callers: readonly Caller[];
}

export interface Caller {
  readonly id: string;
  readonly steps: readonly PlacedStep[];
  readonly flow: Flow;
}

export interface LintRule {
  /** Names the rule in findings and in the documentation. */
  readonly code: string;
  /** An error keeps the workflow from doing what it says; a warning makes it worse than it could be. */
  readonly severity: "error" | "warning";
  /** What is found, in one sentence. */
  readonly tells: string;
  readonly find: (subject: LintSubject) => readonly Issue[];
}

/** @param plans workflows at hand: who calls a routine or passes something to a child */
export function subjectOf(plan: Plan, root: JsonObject, plans: readonly Plan[]): LintSubject {
  const passed = passedTo(plan.id, plans);
  const steps = placedSteps(plan, root);
  const flow = flowOf(steps, new Set([...passed, ...argumentsOf(plan, root)]), shownEverywhere(plan));
  const seen = { flow, known: knownOf(steps, flow) };
  return { plan, root, steps, kind: kindOf(plan.id), ...seen, declared: plan.schemaVersion < 2 ? seen : withoutWords(steps, flow), plans: new Map(plans.map((each) => [each.id, each])), callers: kindOf(plan.id) === "routine" ? callersOf(plan, plans) : [] };
}

function withoutWords(steps: readonly PlacedStep[], flow: Flow): LintSubject["declared"] {
  const silent: Flow = { ...flow, mentioned: () => false };
  return { flow: silent, known: knownOf(steps, silent) };
}

function callersOf({ id }: Plan, plans: readonly Plan[]): readonly Caller[] {
  const name = routineName(id);
  return plans.flatMap((plan): readonly Caller[] => {
    const steps = placedSteps(plan, {});
    const calls = steps.some(({ step }) => step.origin.routine === name || (step.kind === "parallel" && step.delegations.some(({ workflowId }) => workflowId === id)));
    return calls ? [{ id: plan.id, steps, flow: flowOf(steps, new Set(), shownEverywhere(plan)) }] : [];
  });
}

const shownEverywhere = ({ systemPrompt, metaGuidance }: Plan): readonly string[] => [...(systemPrompt === null ? [] : [systemPrompt]), ...metaGuidance];

const ROLE_ID = /^(?:[a-z0-9_-]+\.)?role-/;
const kindOf = (id: string): LintSubject["kind"] => (routineName(id) !== null ? "routine" : ROLE_ID.test(id) ? "role" : "workflow");

/** What callers of a routine give it: `{name}` in its text. */
const ARGUMENT = /(?<!\{)\{([A-Za-z_]\w*)\}(?!\})/g;
const argumentsOf = (plan: Plan, root: JsonObject): readonly string[] =>
  routineName(plan.id) === null ? [] : [...JSON.stringify(root["steps"] ?? []).matchAll(ARGUMENT)].map((match) => match[1] ?? "");

/** The context keys that the plans give to a workflow they run as their child. */
function passedTo(workflowId: string, plans: Iterable<Plan>): ReadonlySet<string> {
  const keys = new Set<string>();
  const walk = (steps: readonly PlanStep[]): void => {
    for (const step of steps) {
      if (step.kind === "loop") walk(step.body);
      if (step.kind !== "parallel") continue;
      for (const delegation of step.delegations) {
        if (delegation.workflowId === workflowId) for (const key of [...Object.values(delegation.contextMapping), ...Object.keys(delegation.args)]) keys.add(key);
      }
    }
  };
  for (const plan of plans) walk(plan.steps);
  return keys;
}
