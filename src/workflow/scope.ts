import { canonicalJson, type Json, type JsonObject } from "../shared/json.ts";
import type { FunctionScope } from "./functions.ts";
import { formatPath, type Issue, type Path } from "./issue.ts";
import type { JsonSchema } from "./schema-check.ts";
import type { Assessment, ModelTier, StandardStep, StepOrigin } from "./plan.ts";
import type { FeatureText } from "./shared-texts.ts";
import type { Routines } from "./routines.ts";

/** Steps one plan may have once routines are expanded: a bound on routines that call routines that call routines. */
export const STEP_LIMIT = 5_000;

/** What one compilation collects, whatever step it comes from. */
export interface Findings {
  readonly issues: Issue[];
  /** Faults from schemaVersion 2 on, warnings in 1. */
  readonly lenient: Issue[];
}

/** What belongs to the plan as a whole. */
export interface Registry {
  readonly contracts: Record<string, JsonSchema>;
  readonly assessments: Map<string, Assessment>;
  /** Where each step id of the plan stands. */
  readonly ids: Map<string, Path>;
  /** First step of each expanded call, by the caller's id. */
  readonly entries: Map<string, string>;
  /** Where each jump stands. */
  readonly jumps: Map<StandardStep["jump"], Path>;
}

/** What the steps of one list are compiled against. */
export interface Scope {
  readonly findings: Findings;
  readonly registry: Registry;
  readonly routines: Routines;
  /** Put before each step id: `caller.` inside an expanded routine. */
  readonly prefix: string;
  /** Used where a step names none. */
  readonly modelTier: ModelTier | null;
  readonly features: readonly FeatureText[];
  readonly functions: FunctionScope;
  readonly origin: StepOrigin;
  /** Routines being expanded, outermost first. */
  readonly expanding: readonly string[];
  /** The document's own steps: a loop's body may be one of them. */
  readonly topLevel: readonly Json[];
  /** Steps being compiled as a loop's body by their id. */
  readonly bodies: readonly string[];
}

/** Takes an id for a step; a second taker is an issue. */
export function claimId(scope: Scope, id: string, path: Path): void {
  const first = scope.registry.ids.get(id);
  if (first === undefined) {
    scope.registry.ids.set(id, path);
    if (scope.registry.ids.size === STEP_LIMIT + 1) scope.findings.issues.push({ path, message: `The workflow has more than ${STEP_LIMIT} steps.`, fix: "Split it, or call fewer routines." });
    return;
  }
  const at = first.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("").replace(/^\./, "");
  scope.findings.issues.push({ path: [...path, "id"], message: `The step id "${id}" is already used by ${at}.`, fix: "Give each step its own id." });
}

/** The id that a step is known by while it is compiled: its own, right or wrong, or else its place. */
export const stepIdOf = (raw: JsonObject, path: Path): string => (typeof raw["id"] === "string" ? raw["id"] : formatPath(path));

/** Adds a declaration; another one of the same name must say the same. */
export function declare<T>(known: T | undefined, value: T, add: () => void): boolean {
  if (known === undefined) {
    add();
    return true;
  }
  return canonicalJson(known) === canonicalJson(value);
}
