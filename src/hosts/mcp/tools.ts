/** The tools: names and shapes of WorkRail's, so that its users can switch. A tool is one entry here; its work is loaded when it is called. */
// Not `{ z }`: of the namespace a bundle keeps only what is used, which is a quarter of the start-up time.
import * as z from "zod";
import { AUTONOMIES, RISK_POLICIES } from "../../record/preferences.ts";
import type { McpWorld } from "./world.ts";

/** What a tool says: text for a reader, data for code. */
export interface ToolAnswer {
  readonly text: string;
  readonly data: { readonly [key: string]: unknown };
  readonly isError: boolean;
}

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

const workflowId = z.string().describe("Id of a workflow, as list_workflows gives it.");
const workflowPath = z.string().describe("Path of a workflow file, instead of an id.");
const workspacePath = z.string().describe("Absolute path of the repository worked in: team workflows come from it, verification commands run in it.");
const context = z.record(z.string(), z.json());
const token = (of: string) => z.string().describe(`The ${of} of the last answer, exactly as given.`);

export const listInput = z.object({
  query: z.string().optional().describe("Words that id, name, description, category or tags must hold."),
  category: z.string().optional(),
  tag: z.string().optional(),
  tags: z.array(z.string()).optional().describe("One of these tags is enough."),
  workspacePath: workspacePath.optional(),
});
export const inspectInput = z.object({ workflowId: workflowId.optional(), workflowPath: workflowPath.optional(), workspacePath: workspacePath.optional() });
export const startInput = z.object({
  workflowId: workflowId.optional(),
  workflowPath: workflowPath.optional(),
  workspacePath,
  goal: z.string().regex(/\S/, "Say what is to be done").describe("What is to be done, in the words of who asks."),
  context: context.optional().describe("Values the workflow starts with."),
  autonomy: z.enum(AUTONOMIES).optional().describe("Who is asked: guided asks a person, full_auto_stop_on_user_deps stops where one is needed, full_auto_never_stop records a gap instead. Absent: what the workflow recommends, else guided."),
  riskPolicy: z.enum(RISK_POLICIES).optional().describe("Told to whoever does the work. Absent: what the workflow recommends, else balanced."),
});
export const continueInput = z.object({
  continueToken: token("continueToken"),
  intent: z
    .enum(["advance", "rehydrate", "rewind"])
    .optional()
    .describe("advance hands over the step; rehydrate gives the current step again; rewind goes back to the step that the token was given with, an earlier token or a checkpointToken, and starts a branch there. Absent: advance when something is sent."),
  output: z
    .strictObject({
      notesMarkdown: z.string().optional().describe("What was done and found in this step, in Markdown."),
      artifacts: z.array(context).optional().describe('Typed results: {"ref": "<ref of the requirement>", "value": {...}}.'),
    })
    .optional(),
  context: context.optional().describe("Context values the step requires, by key."),
  gate: z.object({ verdict: z.enum(["approved", "rejected"]), reason: z.string().min(1) }).optional().describe("The answer at a gate. Only a person may approve human_approval."),
});
export const checkpointInput = z.object({ checkpointToken: token("checkpointToken") });
export const resumeInput = z.object({
  sessionId: z.string().max(200).optional(),
  query: z.string().max(1000).optional().describe("Words of the session's goal or workflow. The newest open session that holds them is resumed."),
  workspacePath: workspacePath.optional(),
});

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
