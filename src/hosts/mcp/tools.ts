/** The tools: names and shapes of WorkRail's, so that its users can switch. A tool is one entry here; its work is loaded when it is called. */
// Not `{ z }`: of the namespace a bundle keeps only what is used, which is a quarter of the start-up time.
import * as z from "zod";
import { checkpointInput, continueInput, inspectInput, listInput, resumeInput, startInput, type ToolAnswer } from "./shapes.ts";
import type { McpWorld } from "./world.ts";

export interface McpTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: { readonly readOnlyHint: boolean; readonly destructiveHint: boolean; readonly idempotentHint: boolean; readonly openWorldHint: boolean };
  readonly input: z.ZodType;
  /** Schema of `structuredContent`. */
  readonly output: () => Promise<z.ZodType>;
  /** Arguments have been parsed by `input`. Never rejects for what a client can send. */
  readonly run: (world: McpWorld, input: unknown) => Promise<ToolAnswer>;
}

const reads = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
/** Appends to a session's log; a repeated call gives the recorded answer. */
const advances = { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false };

const listings = async () => z.object({ workflows: z.array((await import("../../library/index.ts")).listingSchema), faults: z.array(z.string()) });
const inspection = async () => z.looseObject({ workflow: z.looseObject({}).nullable() });
const answer = async () => (await import("../../session/stored/index.ts")).answerSchema;
const library = () => import("./library-tools.ts");
const sessions = () => import("./session-tools.ts");

export const tools: readonly McpTool[] = [
  {
    name: "list_workflows",
    title: "List workflows",
    description: "Lists the workflows at hand: bundled ones, the team's, and extra sources.",
    annotations: reads,
    input: listInput,
    output: listings,
    run: async (world, input) => (await import("./list-tool.ts")).list(world, listInput.parse(input)),
  },
  {
    name: "inspect_workflow",
    title: "Inspect a workflow",
    description: "Shows what a workflow does: its steps, branches, loops, gates and contracts, as data and as a graph.",
    annotations: reads,
    input: inspectInput,
    output: inspection,
    run: async (world, input) => (await library()).inspect(world, inspectInput.parse(input)),
  },
  {
    name: "start_workflow",
    title: "Start a workflow",
    description: "Starts a session of a workflow and answers with its first step. Work on the step, then call continue_workflow.",
    annotations: { ...advances, idempotentHint: false },
    input: startInput,
    output: answer,
    run: async (world, input) => (await sessions()).start(world, startInput.parse(input)),
  },
  {
    name: "continue_workflow",
    title: "Continue a workflow",
    description: "Hands over the current step, answers a gate, asks again while the session waits, or goes back to an earlier step. Answers with the next step, or with what is missing and how to mend it.",
    annotations: advances,
    input: continueInput,
    output: answer,
    run: async (world, input) => (await sessions()).goOn(world, continueInput.parse(input)),
  },
  {
    name: "checkpoint_workflow",
    title: "Mark a checkpoint",
    description: "Marks where the session is, without handing anything over, so that continue_workflow with intent rewind and the same checkpointToken goes back to it.",
    annotations: advances,
    input: checkpointInput,
    output: answer,
    run: async (world, input) => (await sessions()).checkpoint(world, checkpointInput.parse(input)),
  },
  {
    name: "resume_session",
    title: "Resume a session",
    description: "Finds a session by id or by words and gives its current step with new tokens.",
    annotations: advances,
    input: resumeInput,
    output: answer,
    run: async (world, input) => (await sessions()).resume(world, resumeInput.parse(input)),
  },
];
