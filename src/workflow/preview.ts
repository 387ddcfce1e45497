/** The compiled workflow as a graph, for people who want to see what will run before it does. Pure. */
import type { Plan } from "./plan.ts";

export interface PreviewNode {
  readonly id: string;
  readonly kind: "start" | "end" | "step" | "audit" | "loop" | "parallel" | "gather" | "gate";
  readonly title: string;
  /** The loop whose body it stands in. */
  readonly inLoop: string | null;
  readonly runCondition: string | null;
  readonly contract: string | null;
  readonly verification: string | null;
  /** Workflows a parallel step starts. */
  readonly children: readonly string[];
  readonly routine: string | null;
  readonly features: readonly string[];
}
export interface PreviewEdge {
  readonly from: string;
  readonly to: string;
  /** Why this way is taken; null for the ordinary next step. */
  readonly label: string | null;
}
/** What routines, features and `audit` put into the plan beside what stands in the file. */
export interface Injected {
  readonly stepId: string;
  readonly by: string;
}
export interface Preview {
  readonly nodes: readonly PreviewNode[];
  readonly edges: readonly PreviewEdge[];
  readonly injected: readonly Injected[];
}

export declare function previewPlan(plan: Plan): Preview;
export declare function toMermaid(preview: Preview): string;
