/** What a lint rule looks at: the compiled plan, the file as it was written, and how values go from step to step. */
import type { JsonObject } from "../../shared/json.ts";
import type { Issue } from "../issue.ts";
import type { Plan } from "../plan.ts";
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
  /** Routines and roles are called by others; nobody picks them from a list. */
  readonly kind: "workflow" | "routine" | "role";
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

/** @param passed keys that workflows at hand pass to this one as their child */
export function subjectOf(plan: Plan, root: JsonObject, passed: ReadonlySet<string>): LintSubject {
  const steps = placedSteps(plan, root);
  const flow = flowOf(steps, new Set([...passed, ...argumentsOf(plan, root)]));
  return { plan, root, steps, kind: kindOf(plan.id), flow, known: knownOf(steps, flow) };
}

const ROLE_ID = /^(?:[a-z0-9_-]+\.)?role-/;
const kindOf = (id: string): LintSubject["kind"] => (routineName(id) !== null ? "routine" : ROLE_ID.test(id) ? "role" : "workflow");

/** What callers of a routine give it: `{name}` in its text. */
const ARGUMENT = /(?<!\{)\{([A-Za-z_]\w*)\}(?!\})/g;
const argumentsOf = (plan: Plan, root: JsonObject): readonly string[] =>
  routineName(plan.id) === null ? [] : [...JSON.stringify(root["steps"] ?? []).matchAll(ARGUMENT)].map((match) => match[1] ?? "");
