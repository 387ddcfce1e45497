/** What goes into each tool and what comes out of it: names and shapes of WorkRail's. */
// Not `{ z }`: of the namespace a bundle keeps only what is used, which is a quarter of the start-up time.
import * as z from "zod";
import { AUTONOMIES, RISK_POLICIES } from "../../record/preferences.ts";

/** What a tool says: text for a reader, data for code. */
export interface ToolAnswer {
  readonly text: string;
  readonly data: { readonly [key: string]: unknown };
  readonly isError: boolean;
}

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
