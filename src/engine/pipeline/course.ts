/** The sessions before the review, by mode: which, in which order, and under which condition. */
import type { Phase, PipelineMode, PipelinePolicy } from "../../record/index.ts";
import type { Classification } from "../../workflow/index.ts";
import { goesBy } from "./editions.ts";
import type { Condition } from "./modes.ts";

export const CONTRACT = {
  classification: "wr.contracts.classification",
  codingHandoff: "wr.contracts.coding_handoff",
  reviewVerdict: "wr.contracts.review_verdict",
  discovery: "wr.contracts.discovery_handoff",
  shaping: "wr.contracts.shaping_handoff",
  investigation: "wr.contracts.investigation",
  slices: "wr.contracts.slices",
  result: "wr.contracts.coordinator_result",
  /** Of wr.ui-ux-design alone. */
  interfaceSpec: "interface_spec",
  /** Of wr.ticket-creation alone. */
  tickets: "tickets",
} as const;

export interface Stage {
  readonly phase: Phase;
  readonly workflowId: string;
  /** The artifact that the pipeline cannot go on without. */
  readonly handsOver: string;
  /** The name under which later sessions find it in their context. */
  readonly as: string;
  /** Null: always. */
  readonly when: Condition | null;
  /** Only where the repository's policy says so; always when absent. */
  readonly under?: (policy: PipelinePolicy) => boolean;
  readonly why: string;
}

const UI: Condition = { words: "it has a UI", holds: ({ hasUi }) => hasUi === true };
const ARCHITECTURE: Condition = { words: "it touches the architecture", holds: ({ touchesArchitecture }) => touchesArchitecture === true };
const IDEA: Condition = { words: "it is still an idea", holds: ({ taskMaturity }) => taskMaturity === "idea" };
const UNSHAPED: Condition = { words: "it is an idea, rough or large", holds: ({ taskMaturity, taskComplexity }) => taskMaturity === "idea" || taskMaturity === "rough" || taskComplexity === "large" };
/** Large is no reason here: the way of working goes slice by slice itself. */
const ROUGH: Condition = { words: "it is an idea or rough", holds: ({ taskMaturity }) => taskMaturity === "idea" || taskMaturity === "rough" };
const large = (policy: string): Condition => ({ words: `it is large, and ${policy}`, holds: ({ taskComplexity }) => taskComplexity === "large" });
/** The discovery of an idea has found a direction that two challengers attacked. */
const ARCHITECTURE_KNOWN: Condition = { words: "it touches the architecture and is more than an idea", holds: (task) => ARCHITECTURE.holds(task) && !IDEA.holds(task) };

export const CLASSIFY: Stage = { phase: "classify", workflowId: "wr.classify-task", handsOver: CONTRACT.classification, as: "classification", when: null, why: "everything that follows is chosen by its typed answer" };

const discover: Stage = { phase: "discover", workflowId: "wr.discovery", handsOver: CONTRACT.discovery, as: "direction", when: IDEA, why: "an idea needs a direction before anything is built" };
const shape: Stage = { phase: "shape", workflowId: "wr.shaping", handsOver: CONTRACT.shaping, as: "pitch", when: UNSHAPED, why: "what is to be built has to be bounded first" };
const decompose: Stage = { phase: "decompose", workflowId: "wr.ticket-creation", handsOver: CONTRACT.tickets, as: "decomposition", when: large("pipeline.decompose is `ask`"), under: ({ decompose: policy }) => policy === "ask", why: "large work is proposed as several reviewable pieces, and a person decides" };
/** Where the first edition had none. */
const decomposeToo: Stage = { ...decompose, under: (policy) => policy.decompose === "ask" && goesBy(2, policy) };
const designUi: Stage = { phase: "design", workflowId: "wr.ui-ux-design", handsOver: CONTRACT.interfaceSpec, as: "interface", when: UI, why: "what people see and operate is designed before it is built" };
const designArchitecture = (when: Condition): Stage => ({ phase: "design", workflowId: "wr.discovery", handsOver: CONTRACT.discovery, as: "direction", when, why: "a design that two independent challengers have attacked" });
/** From the third edition on, where the first two had none of these, or had them for every maturity. */
const third = (stage: Stage): Stage => ({ ...stage, under: (policy) => goesBy(3, policy) });
const untilThird = (stage: Stage): Stage => ({ ...stage, under: (policy) => !goesBy(3, policy) });
const investigate: Stage = { phase: "investigate", workflowId: "wr.bug-investigation", handsOver: CONTRACT.investigation, as: "investigation", when: null, why: "a bug is mended where its cause is, so the cause comes first" };
/** Large work is cut into slices, which the same workflow codes that would code it in one piece. */
export const SLICING = { workflowId: "wr.slicing", workedBy: "wr.coding-task" } as const;
const slice: Stage = { phase: "design", workflowId: SLICING.workflowId, handsOver: CONTRACT.slices, as: "slices", when: large("pipeline.slices is `auto`"), under: ({ slices }) => slices === "auto", why: "what is too large for one change is cut into slices that are coded side by side, or left whole" };
const sliceToo: Stage = { ...slice, under: (policy) => policy.slices === "auto" && goesBy(2, policy) };
export const RESOLVE = { workflowId: "wr.merge-conflict", handsOver: CONTRACT.codingHandoff } as const;
export const JOIN = { workflowId: "wr.slices-join", handsOver: CONTRACT.codingHandoff } as const;
const codeBy = (workflowId: string, why: string): Stage => ({ phase: "code", workflowId, handsOver: CONTRACT.codingHandoff, as: "handoff", when: null, why });

export const COURSES: Readonly<Record<PipelineMode, readonly Stage[]>> = {
  quick: [codeBy("wr.quick-task", "the change itself, in as few steps as it takes")],
  implement: [decomposeToo, designUi, designArchitecture(ARCHITECTURE), slice, codeBy("wr.coding-task", "the change itself")],
  full: [discover, shape, decompose, designUi, designArchitecture(ARCHITECTURE_KNOWN), slice, codeBy("wr.coding-task", "the change itself")],
  investigate: [investigate, decomposeToo, third(designUi), designArchitecture(ARCHITECTURE), sliceToo, codeBy("wr.coding-task", "the change itself, at the cause that was found")],
  // Not cut into slices: wr.refactoring goes slice by slice itself, each held to the same pinned behaviour.
  refactor: [third(discover), third({ ...shape, when: ROUGH }), decomposeToo, untilThird(designArchitecture(ARCHITECTURE)), third(designArchitecture(ARCHITECTURE_KNOWN)), codeBy("wr.refactoring", "the change itself, behaviour pinned before it")],
  // A review alone needs a pull request to look at, and is no course of a task: `reviewOnly` is what its item goes through.
  "review-only": [],
};

/** Before there were modes: classify, then code. */
export const FIRST_COURSE: readonly Stage[] = [codeBy("wr.coding-task", "")];

/** Of a mode, as far as the repository's policy has it. */
export const courseUnder = (mode: PipelineMode, policy: PipelinePolicy | undefined): readonly Stage[] => COURSES[mode].filter(({ under }) => under === undefined || (policy !== undefined && under(policy)));

export const courseOf = (mode: PipelineMode, task: Classification, policy: PipelinePolicy | undefined): readonly Stage[] => courseUnder(mode, policy).filter(({ when }) => when === null || when.holds(task));

export const REVIEW = { workflowId: "wr.mr-review", handsOver: CONTRACT.reviewVerdict } as const;
export const FIX = { workflowId: "wr.coding-task", handsOver: CONTRACT.codingHandoff } as const;
export const RETROSPECT = { workflowId: "wr.retrospective", handsOver: "retrospective" } as const;
export const AUDITS = {
  production: { workflowId: "wr.production-readiness-audit", handsOver: CONTRACT.reviewVerdict },
  architecture: { workflowId: "wr.architecture-scalability-audit", handsOver: CONTRACT.reviewVerdict },
} as const;

/** Every workflow that a pipeline may run, once, with the artifact it has to hand over. */
export const PIPELINE: readonly { readonly workflowId: string; readonly handsOver: string }[] = [
  ...new Map([CLASSIFY, ...Object.values(COURSES).flat(), RESOLVE, JOIN, REVIEW, FIX, ...Object.values(AUDITS), RETROSPECT].map(({ workflowId, handsOver }) => [workflowId, { workflowId, handsOver }])).values(),
];

/** Whether what a completed session of the phase left in the files goes on to the next one. */
export const keepsFiles = (phase: Phase): boolean => makesChange(phase) || phase === "shape";

/** Whether a session is given its files as its own from the beginning: what it leaves is then the whole, even if it changes nothing. */
export const ownsFiles = ({ workflowId, slice: place }: { readonly workflowId: string; readonly slice?: { readonly part: "work" | "merge" } | undefined }): boolean => place?.part === "merge" || workflowId === JOIN.workflowId;

/** Whether sessions of the phase make the change that is delivered. */
export const makesChange = (phase: Phase): boolean => phase === "code" || phase === "fix";
