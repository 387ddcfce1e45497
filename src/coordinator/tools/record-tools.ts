/** Tools that put words into the record: problems met, problems of the workflow itself, and facts for later sessions. */
import { z } from "zod";
import type { Tool, ToolResult } from "../../agent/index.ts";
import { rememberedKindSchema } from "../../record/index.ts";
import type { Seat } from "../tree.ts";

const MAX_SUMMARY_CHARS = 500;
const MAX_DETAIL_CHARS = 10_000;
const MAX_FACT_CHARS = 2_000;
/** Each of them is read by every later session. */
const MAX_FACTS = 40;

const issue = z.object({
  severity: z.enum(["info", "warn", "error"]).describe("error: the result is wrong or unsafe because of it."),
  summary: z.string().trim().min(1).max(MAX_SUMMARY_CHARS).describe("One sentence."),
  detail: z.string().max(MAX_DETAIL_CHARS).default("").describe("What you saw, where, and how to see it again."),
});
const problem = z.object({
  summary: z.string().trim().min(1).max(MAX_SUMMARY_CHARS).describe("What is wrong with the step or the workflow."),
  suggestion: z.string().max(MAX_DETAIL_CHARS).default("").describe("How its author could mend it."),
});
const fact = z.object({
  kind: rememberedKindSchema.describe("decision: what was chosen and why. constraint: what must hold. dead_end: what was tried and why it does not work."),
  text: z.string().trim().min(1).max(MAX_FACT_CHARS).describe("Understandable to somebody who saw nothing of this session."),
});

const said = (content: string): ToolResult => ({ content, isError: false });

export const recordTools = ({ session }: Seat): readonly Tool[] => [
  {
    name: "report_issue",
    description: `Records a problem you met that people should know of: in the code, the task or the environment. It changes nothing else; the step still has to be done. Summary up to ${MAX_SUMMARY_CHARS} characters, detail up to ${MAX_DETAIL_CHARS}.`,
    schema: issue,
    readOnly: false,
    async run(input) {
      await session.record({ kind: "issue_reported", data: issue.parse(input) });
      return said("Recorded. Go on with the step.");
    },
  },
  {
    name: "report_workflow_problem",
    description: "Records that the step or the workflow itself is at fault: it contradicts itself, asks for what cannot be had, or lacks what you need. Its author reads it; the step still has to be done as well as it can be.",
    schema: problem,
    readOnly: false,
    async run(input) {
      await session.record({ kind: "workflow_problem_reported", data: { stepId: session.offer()?.stepId ?? null, ...problem.parse(input) } });
      return said("Recorded for the workflow's author. Go on as well as the step allows.");
    },
  },
  {
    name: "remember",
    description: `Keeps a fact for later sessions of this task and for yourself when the conversation is opened anew: a decision, a constraint or a dead end. At most ${MAX_FACTS} a session, ${MAX_FACT_CHARS} characters each. Not for progress or notes.`,
    schema: fact,
    readOnly: false,
    async run(input) {
      const { kind, text } = fact.parse(input);
      const known = session.history().flatMap((event) => (event.kind === "fact_remembered" ? [event.data] : []));
      if (known.some((each) => each.fact === kind && each.text === text)) return said("This is remembered already.");
      if (known.length >= MAX_FACTS) return { content: `${MAX_FACTS} facts of this session are remembered, which is the limit: nothing was added. Put the rest into the step's notes.`, isError: true };
      await session.record({ kind: "fact_remembered", data: { fact: kind, text } });
      return said("Remembered.");
    },
  },
];
