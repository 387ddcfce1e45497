import { z } from "zod";

const gateAnswerSchema = z.strictObject({
  /** The gate's name in the record. */
  gate: z.string().min(1).max(64),
  verdict: z.enum(["approved", "rejected"]),
  reason: z.string().max(1_000),
});
/** What somebody says to a gate that only a person opens. */
export type GateAnswer = z.infer<typeof gateAnswerSchema>;

const oid = z.string().regex(/^[0-9a-f]{40,64}$/);

const runWishSchema = z.strictObject({
  /** The id of the one workflow that is run instead of the pipeline. */
  workflow: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/).optional(),
  /** Added to the issue's text. */
  goal: z.string().min(1).max(1_000).optional(),
  /** A person decides on the plan before anything is made. */
  plan: z.literal(true).optional(),
});
/** What `run` asks for beside the issue's text. */
export type RunWish = z.infer<typeof runWishSchema>;

/**
 * What the App vouches for when it dispatches a run. The deliver job takes its target, base and caps from here and
 * from nothing the agent job wrote.
 */
export const ticketSchema = z.strictObject({
  v: z.literal(1),
  /** The dispatch key, also in the run's name. */
  key: z.string().regex(/^[0-9a-f]{16,64}$/),
  item: z.string(),
  repositoryId: z.int().min(1),
  /** What asked for this run, and who, with the permission GitHub's API stated at that moment. */
  trigger: z.strictObject({
    kind: z.enum(["issues.labeled", "issues.assigned", "issues.opened", "issue_comment", "pull_request.labeled", "pull_request", "check_run", "pull_request_review", "pull_request_review_comment", "push"]),
    /** Of the delivery that brought the label, or of the comment that holds the command. */
    id: z.string(),
    actor: z.strictObject({ login: z.string(), id: z.int() }),
    verdict: z.enum(["write", "maintain", "admin"]),
  }),
  /** The command of a comment that asked, by its name: who may give it stands in the config. Absent where a label asked, or nobody. */
  command: z.string().regex(/^[a-z]{1,20}$/).optional(),
  /** Of the issue, or of the pull request under review. */
  issueNumber: z.int().min(1),
  /**
   * Only a review of a pull request: the commit under review, as GitHub's API named it. `base` is then the merge base. `since`: the head
   * that the last review was about, its merge base, and the account that posted it; what has changed since is looked at, and absent the whole.
   */
  review: z.strictObject({ headSha: oid, since: z.strictObject({ headSha: oid, mergeBase: oid, by: z.string().max(100) }).optional() }).optional(),
  /** Nothing is worked on: this is asked about the record of an item, and answered on the issue. `item` above is then the question's own name. */
  ask: z
    .strictObject({
      about: z.string().max(80),
      question: z.enum(["explain", "why", "verify"]),
      /** Of `explain`: the step. */
      step: z.string().max(64).optional(),
    })
    .optional(),
  base: z.strictObject({ ref: z.string(), sha: oid }),
  caps: z.strictObject({
    turns: z.int().min(1),
    tokens: z.int().min(1),
    costUsd: z.number().positive(),
    minutes: z.number().positive(),
  }),
  /** `pipeline` of the config as the App read it: what the record says of it is the agent job's word. */
  policy: z.strictObject({ mode: z.string().max(32), confirm: z.enum(["never", "ambiguous", "always", "risky"]) }).optional(),
  /** What the attempt was asked for with; in each of its tickets. */
  wish: runWishSchema.optional(),
  /** SHA-256 of the task text as labelled, with the goal of `wish`: canonical JSON of `{body, title}`. */
  textSha256: z.string().regex(/^[0-9a-f]{64}$/),
  /**
   * Ids of what the App wrote to the issue for this trigger before it dispatched; null for what could not be made. The run's first event
   * holds the ticket, so the record tells every effect of the item.
   */
  wrote: z.strictObject({ reaction: z.string().nullable(), comment: z.string().nullable() }).optional(),
  /**
   * The trigger's answer to the gate that the work waits at. A person's approval counts only from here: for the gate it names, by whom
   * the trigger names.
   */
  answer: gateAnswerSchema.optional(),
  /**
   * What the attempt delivered is worked on again, from the commit that it left. A review is named by its id, so is each of the `comments`;
   * `onto` is the commit of the base branch that it conflicts with.
   */
  followUp: z
    .strictObject({ because: z.enum(["ci", "review", "asked", "conflict", "comments"]), comments: z.array(z.int().min(1)).max(50).optional(), onto: oid.optional(), findings: z.array(z.string().regex(/^[0-9a-f]{6,16}$/)).max(50).optional(), headSha: z.string().regex(/^[0-9a-f]{40,64}$/), pullNumber: z.int().min(1), reviewId: z.int().min(1).optional() })
    .optional(),
  /** The attempt goes on from before this phase, the latest one where it is null. */
  retry: z.strictObject({ phase: z.string().max(32).nullable() }).optional(),
  /** ISO time; compared with the run's `created_at`, not with a runner's clock. */
  expiresAt: z.iso.datetime(),
});
export type Ticket = z.infer<typeof ticketSchema>;

/** By whose word a gate is answered, as the record names them. */
export const personOf = ({ login, id }: Ticket["trigger"]["actor"]): string => `${login} (GitHub user ${id})`;
