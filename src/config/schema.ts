import { z } from "zod";
import { parseHostPattern, type HostPattern } from "../shared/host-pattern.ts";
import { MODEL_PRICES } from "../shared/models.ts";
import { mergeSchema } from "./merge.ts";
import { permissionsSchema } from "./permissions.ts";

/** A model by its id at Anthropic. Without a known price no budget could hold, so others are refused. */
const modelSchema = z.enum(MODEL_PRICES.map(({ model }) => model));

const modelsSchema = z.strictObject({
  lightweight: modelSchema.nullable().default("claude-haiku-5-5").describe("The model of steps that ask for tier `lightweight`, such as the classification of a task; with `null` it is `model`."),
  mid: modelSchema.nullable().default(null).describe("The model of steps that ask for tier `mid`; without it `model`."),
  heavy: modelSchema.nullable().default(null).describe("The model of steps that ask for tier `heavy`; without it `model`."),
});

/** Names of labels have at most 50 characters (P-label-size). */
const labelSchema = z.string().trim().min(1).max(50);

const commandsSchema = z.strictObject({
  test: z
    .string()
    .trim()
    .min(1)
    .max(2_000)
    .nullable()
    .default(null)
    .describe("Shell command that tests the project; WorkTrain runs it in the sandbox, where there is no network but `sandbox.network`. Without it the agent decides how to check its work."),
});

const commandSchema = z.string().trim().min(1).max(2_000);

const verifySchema = z.strictObject({
  required: z
    .boolean()
    .default(false)
    .describe("Nothing is published unless the job `verify` of the run was green on the very files that are delivered. The job itself is switched on by the repository variable `WORKTRAIN_VERIFY`."),
  commands: z.array(commandSchema).max(20).default([]).describe("Shell commands that the job `verify` runs after `commands.test`, such as a build or a linter, each on the delivered files anew."),
  minutes: z.number().min(1).max(300).default(30).describe("Minutes that each command of the job `verify` may take."),
});

const reviewSchema = z.strictObject({
  pullRequests: z
    .enum(["never", "labelled", "all"])
    .default("labelled")
    .describe("Which pull requests of people are reviewed: those with the label, or all that are no drafts; a push to one is reviewed as well. A head that nobody with write permission pushed is reviewed only at a maintainer's label."),
  maxRounds: z.int().min(1).max(10).default(3).describe("Rounds of review after which open findings stop the work."),
});

/** The first part is a name, so that nobody's whole tree is searched. */
const globSchema = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .refine((text) => /^[^*?[\]{}()!\\/]+(?:\/|$)/.test(text) && !text.split("/").includes(".."), "must be a path inside the repository whose first part has no wildcard, such as docs/specs/**/*.md");

const requiredSchema = z
  .strictObject({
    what: z.string().trim().min(1).max(200).describe("What it is, as people are told that it is missing."),
    path: globSchema.optional().describe("A file that fits is to be on the default branch; `{number}` is the issue's."),
    label: labelSchema.optional().describe("The issue is to have it."),
  })
  .refine(({ path, label }) => path !== undefined || label !== undefined, "must have a path, a label, or both");

const pipelineSchema = z.strictObject({
  mode: z
    .enum(["auto", "quick", "implement", "full", "investigate", "refactor"])
    .default("auto")
    .describe("Which sessions a task goes through; `auto` chooses by its classification (`worktrain pipeline explain` shows how)."),
  confirm: z
    .enum(["never", "ambiguous", "risky", "always"])
    .default("risky")
    .describe("When a person has to confirm how the task was understood before there is work on it; `ambiguous`: when it has more than one reading; `risky`: then, and when its risk is critical."),
  slices: z
    .enum(["auto", "never"])
    .default("auto")
    .describe("Whether a large task may be cut into slices that are coded side by side and merged; `never`: one session codes it in one piece."),
  parallelSlices: z.int().min(1).max(4).default(2).describe("Slices at work at the same time. Each has a copy of the files on the disk and a share of the memory."),
  duplicates: z
    .enum(["stop", "ignore"])
    .default("stop")
    .describe("What becomes of an issue whose work a run, an open pull request or another issue's work has already; `stop`: it is skipped, with a link."),
  pitches: z
    .array(globSchema)
    .max(20)
    .default([".worktrain/pitches/issue-{number}.md"])
    .describe("Files on the default branch that are the pitch of an issue, as glob patterns with `{number}` for the issue's; one that is there is taken, and shaping is left out."),
  requires: z
    .array(requiredSchema)
    .max(20)
    .default([])
    .describe("What has to be there before there is work on an issue: each with `what` it is and a `path` (glob, `{number}` for the issue's) on the default branch, a `label` of the issue, or both. Until then it waits."),
  decompose: z
    .enum(["never", "ask"])
    .default("ask")
    .describe("Whether large work is proposed to be cut into sub-issues, which are made when a person approves."),
  retrospective: z
    .enum(["never", "troubled", "always"])
    .default("troubled")
    .describe("When a session of the tier `lightweight` looks back on the work, once its end is decided, for the record; `troubled`: when a review asked for a fix, or the work stopped at one. At most 12 turns and 5 minutes; whatever comes of it, the work ends as decided."),
});

const startSchema = z.strictObject({
  assignees: z
    .array(z.string().trim().regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?$/, "must be the login of an account, without @"))
    .max(10)
    .default([])
    .describe("Accounts, such as a machine user, that an issue is given to so that work on it starts: whoever assigns one needs write permission, as for the label, which is set with it. GitHub lets no App be assigned."),
});

const followUpSchema = z.strictObject({
  ci: z.boolean().default(true).describe("Whether a delivered pull request is worked on again when its checks fail."),
  reviews: z.boolean().default(true).describe("Whether it is worked on again when somebody with write permission requests changes."),
  comments: z.boolean().default(true).describe("Whether it is worked on again when somebody with write permission says something in a conversation on a line of it; it is answered there. Not in a conversation that is resolved."),
  conflicts: z.boolean().default(true).describe("Whether it is merged with the default branch when that moved on and conflicts with it. One that is only behind is left as it is."),
  most: z.int().min(0).max(20).default(3).describe("How often in one attempt; then a person is asked by the label `worktrain:needs-human`."),
});

/** Each limit's own range, for the attempt and for one session of it. */
const limits = {
  turns: z.int().min(1).max(10_000),
  tokens: z.int().min(1_000).max(1_000_000_000),
  inputTokens: z.int().min(1_000).max(1_000_000_000),
  outputTokens: z.int().min(1_000).max(100_000_000),
  costUsd: z.number().min(0.01).max(10_000),
  minutes: z.number().min(1).max(340),
  toolMinutes: z.number().min(1).max(10_000),
};

const sessionBudgetSchema = z.strictObject({
  turns: limits.turns.nullable().default(null).describe("Model turns of one session."),
  tokens: limits.tokens.nullable().default(null).describe("Tokens of one session, input, cache and output together."),
  inputTokens: limits.inputTokens.nullable().default(null).describe("Input tokens of one session, cached ones included."),
  outputTokens: limits.outputTokens.nullable().default(null).describe("Output tokens of one session."),
  costUsd: limits.costUsd.nullable().default(null).describe("US dollars one session may cost."),
  minutes: limits.minutes.nullable().default(null).describe("Minutes of work of one session."),
  toolMinutes: limits.toolMinutes.nullable().default(null).describe("Minutes that tools of one session run."),
});

/** Phases of the pipeline that take time of a model. */
const WORKING_PHASES = ["classify", "discover", "shape", "decompose", "design", "investigate", "code", "review", "audit", "fix", "retrospect"] as const;

const budgetSchema = z.strictObject({
  turns: limits.turns.default(300).describe("Model turns of one attempt, all phases together."),
  tokens: limits.tokens.default(20_000_000).describe("Tokens of one attempt, input, cache and output together."),
  inputTokens: limits.inputTokens.nullable().default(null).describe("Input tokens of one attempt, cached ones included; without it only `tokens` holds."),
  outputTokens: limits.outputTokens.nullable().default(null).describe("Output tokens of one attempt; without it only `tokens` holds."),
  costUsd: limits.costUsd.default(10).describe("US dollars one attempt may cost, by the list price of the model."),
  dailyCostUsd: z
    .number()
    .min(0.01)
    .max(1_000_000)
    .nullable()
    .default(null)
    .describe("US dollars all work of the repository may cost in a day (UTC). Each run is reserved with its whole `costUsd` before it is started, and counted with what it cost when it is over; what does not fit is refused with words. Without it a day has no limit."),
  minutes: limits.minutes.default(120).describe("Minutes of work of one attempt. A hosted job ends after 350."),
  toolMinutes: limits.toolMinutes.nullable().default(null).describe("Minutes that tools run in one attempt, those side by side each counted; without it only `minutes` holds."),
  phases: z
    .partialRecord(z.enum(WORKING_PHASES), sessionBudgetSchema)
    .default({})
    .describe(`Limits of all sessions of a phase together, over its rounds, by phase: ${WORKING_PHASES.join(", ")}; each as under \`budget.session\`.`),
  session: sessionBudgetSchema.prefault({}).describe("Limits of one session, beside those of the attempt."),
});

const checksSchema = z.strictObject({
  everyPullRequest: z
    .boolean()
    .default(false)
    .describe("Whether pull requests and merge groups that WorkTrain does not handle get a neutral check `WorkTrain`, which GitHub counts as passed. For repositories whose rules require that check."),
});

const contextSchema = z.strictObject({
  tokens: z
    .int()
    .min(4_000)
    .max(200_000)
    .nullable()
    .default(null)
    .describe("Tokens of what a session is told when it begins, beside its step: rules, the issue, decisions, dead ends, files, results and earlier sessions. What does not fit is named to the agent. Without it a fifth of the model's window, at most 48,000."),
});

const pathsSchema = z.strictObject({
  allow: z
    .array(z.string().trim().min(1).max(500))
    .max(100)
    .default([])
    .describe("Protected paths (such as `.github/**`) that a pull request of WorkTrain may change, as glob patterns."),
});

const sandboxSchema = z.strictObject({
  network: z
    .strictObject({
      allow: z
        .array(z.string().refine((text) => parseHostPattern(text) !== null, "must be a host name such as registry.npmjs.org, or *.example.org for all below it, each with or without :port; no address, no URL, no single word"))
        .max(50)
        .default([])
        .describe("Hosts that commands in the sandbox may reach by HTTP(S): `registry.npmjs.org`, `*.example.org` (what is below it), with `:port` for another than 443 and 80. They see what the agent sends them."),
    })
    .prefault({})
    .describe("The way out of the sandbox."),
});

/** `.github/worktrain.yml` on the default branch. Strict: an unknown key is a fault, not a wish that is silently not met. */
export const configSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe("`false` stops everything: nothing is started, gone on with or published until it is taken back. The label `worktrain:stop` on any open issue or pull request does the same."),
  label: labelSchema.default("worktrain:ready").describe("The label that starts work on an issue."),
  start: startSchema.prefault({}).describe("What starts work on an issue beside the label and a comment."),
  model: modelSchema.default("claude-sonnet-5-5").describe("The Claude model that does the work, unless a step's tier has its own."),
  models: modelsSchema.prefault({}).describe("Models of the tiers that workflows and steps name."),
  rules: z
    .array(z.string().trim().min(1).max(4_000))
    .max(50)
    .default([])
    .describe("Instructions for the agent in every phase, beside the files of `.worktrain/rules/`."),
  dashboard: z.boolean().default(false).describe("Whether an issue of WorkTrain's own shows what is at work, waits and ended in the repository, with boxes to go on with what waits."),
  commands: commandsSchema.prefault({}).describe("Commands of the project."),
  pipeline: pipelineSchema.prefault({}).describe("How a task is brought from its text to a change."),
  review: reviewSchema.prefault({}).describe("How the result is reviewed before it is delivered."),
  verify: verifySchema.prefault({}).describe("The job `verify`, which tests the change on a fresh runner without a secret."),
  followUp: followUpSchema.prefault({}).describe("What happens to a delivered pull request that is not merged yet."),
  merge: mergeSchema.prefault({}).describe("Whether a change may be merged without a person."),
  checks: checksSchema.prefault({}).describe("What WorkTrain says on pull requests that it has nothing to do with."),
  budget: budgetSchema.prefault({}).describe("What one attempt may use up; whichever is reached first ends it."),
  context: contextSchema.prefault({}).describe("What a session is told of the work so far."),
  paths: pathsSchema.prefault({}).describe("Which paths may be changed."),
  permissions: permissionsSchema.prefault({}).describe("Who may give which command in a comment, by the role GitHub's API names at that moment."),
  sandbox: sandboxSchema.prefault({}).describe("What commands of the agent and of the project can reach."),
});

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** Checked, completed with defaults and frozen. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

/** What the job `verify` runs, in order. */
export const verifyCommands = ({ commands, verify }: Pick<Config, "commands" | "verify">): readonly string[] => [...(commands.test === null ? [] : [commands.test]), ...verify.commands];

/** The model that works where no tier is named, and that of each tier. */
export function modelsOf({ model, models }: Pick<Config, "model" | "models">): { readonly name: string; readonly tiers: Readonly<Record<keyof Config["models"], string>> } {
  return { name: model, tiers: { lightweight: models.lightweight ?? model, mid: models.mid ?? model, heavy: models.heavy ?? model } };
}

/** The hosts the sandbox may reach. */
export const allowedHosts = ({ sandbox }: Pick<Config, "sandbox">): readonly HostPattern[] => sandbox.network.allow.map(parseHostPattern).filter((pattern) => pattern !== null);

/** Where the configuration lives in a repository; only the default branch's counts (I9). */
export const CONFIG_PATH = ".github/worktrain.yml";
