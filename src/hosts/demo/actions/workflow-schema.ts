/** The keys of a workflow file that the local GitHub Actions plays. Strict: an unknown key is a fault, never ignored. */
import { z } from "zod";

/** Permissions a job token can be given (docs: workflow syntax, `permissions`). */
const PERMISSION_NAMES = [
  "actions",
  "attestations",
  "checks",
  "contents",
  "deployments",
  "discussions",
  "id-token",
  "issues",
  "models",
  "packages",
  "pages",
  "pull-requests",
  "security-events",
  "statuses",
] as const;

const permissionsSchema = z
  .partialRecord(z.enum(PERMISSION_NAMES), z.enum(["read", "write", "none"]))
  .refine((permissions) => permissions["id-token"] !== "read", { path: ["id-token"], error: "id-token is write or none" });

const scalarSchema = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const scalarsSchema = z.record(z.string().min(1), scalarSchema);
/** Names are shown as they stand; an expression in one would need its own rules. */
const nameSchema = z.string().regex(/^(?:(?!\$\{\{)[^])+$/, "an expression in a name is not played");
const identifierSchema = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]{0,99}$/, "an id starts with a letter or _ and holds letters, digits, - and _");

interface StepHead {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly if: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}

export type WorkflowStep =
  | (StepHead & { readonly kind: "uses"; readonly uses: string; readonly with: Readonly<Record<string, string>> })
  | (StepHead & { readonly kind: "run"; readonly run: string });

const stepSchema = z
  .strictObject({
    id: identifierSchema.optional(),
    name: nameSchema.optional(),
    if: scalarSchema.optional(),
    env: scalarsSchema.default({}),
    uses: z.string().regex(/^[\w.-]+\/[\w.-]+(?:\/[\w./-]+)?@[\w./-]+$/, "only actions of the form owner/repo/path@ref are played").optional(),
    with: scalarsSchema.optional(),
    run: z.string().min(1).optional(),
  })
  .transform((step, context): WorkflowStep => {
    const head = { id: step.id, name: step.name, if: step.if, env: step.env };
    if (step.uses !== undefined && step.run === undefined) return { ...head, kind: "uses", uses: step.uses, with: step.with ?? {} };
    if (step.run !== undefined && step.uses === undefined && step.with === undefined) return { ...head, kind: "run", run: step.run };
    context.addIssue({ code: "custom", message: "a step has either uses (and with) or run" });
    return z.NEVER;
  });

const environmentSchema = z
  .union([z.string().min(1), z.strictObject({ name: z.string().min(1), deployment: z.boolean().optional() })])
  .transform((environment) => (typeof environment === "string" ? environment : environment.name));

const jobSchema = z.strictObject({
  name: nameSchema.optional(),
  "runs-on": z.string().regex(/^ubuntu-[\w.-]+$/, "only ubuntu-* runners are played"),
  needs: z.union([z.string(), z.array(z.string())]).transform((needs) => (typeof needs === "string" ? [needs] : needs)).default([]),
  if: scalarSchema.optional(),
  // 360 is GitHub's default (docs: workflow syntax, jobs.<job_id>.timeout-minutes).
  "timeout-minutes": z.number().positive().default(360),
  environment: environmentSchema.optional(),
  // There is no cache service here, which is what every mode looks like on the first run.
  "cache-mode": z.enum(["read", "write", "write-only", "none"]).optional(),
  permissions: permissionsSchema.optional(),
  outputs: scalarsSchema.default({}),
  env: scalarsSchema.default({}),
  steps: z.array(stepSchema).min(1),
});

const inputSchema = z.strictObject({
  description: z.string().optional(),
  required: z.boolean().default(false),
  default: z.string().optional(),
  type: z.literal("string").default("string"),
});

const concurrencySchema = z
  .union([
    z.string().min(1).transform((group) => ({ group })),
    z.strictObject({ group: z.string().min(1), queue: z.enum(["single", "max"]).optional(), "cancel-in-progress": z.boolean().optional() }),
  ])
  .transform((given: { group: string; queue?: "single" | "max" | undefined; "cancel-in-progress"?: boolean | undefined }) => ({
    group: given.group,
    queue: given.queue ?? "single",
    cancelInProgress: given["cancel-in-progress"] ?? false,
  }))
  .refine((concurrency) => !(concurrency.queue === "max" && concurrency.cancelInProgress), { error: "queue: max cannot be combined with cancel-in-progress: true" });

const activitiesSchema = z.strictObject({ types: z.array(z.string()).min(1).optional() }).nullable();

export const workflowSchema = z.strictObject({
  name: nameSchema,
  "run-name": z.string().min(1).optional(),
  on: z
    .strictObject({
      workflow_dispatch: z
        .strictObject({ inputs: z.record(identifierSchema, inputSchema).default({}) })
        .nullable()
        .transform((dispatch) => dispatch ?? { inputs: {} })
        .optional(),
      // Which of their activities start it is for the server to know.
      issues: activitiesSchema.optional(),
      issue_comment: activitiesSchema.optional(),
      pull_request: activitiesSchema.optional(),
      schedule: z.array(z.strictObject({ cron: z.string().min(1) })).min(1).optional(),
    })
    .refine((on) => Object.keys(on).length > 0, { error: "nothing starts it" }),
  // Required: without it GitHub takes a setting of the repository, which a file cannot show.
  permissions: permissionsSchema,
  concurrency: concurrencySchema.optional(),
  jobs: z.record(identifierSchema, jobSchema).refine((jobs) => Object.keys(jobs).length > 0, { error: "there is no job" }),
});

export type WorkflowJob = z.infer<typeof jobSchema>;
export type WorkflowDocument = z.infer<typeof workflowSchema>;
export type Concurrency = z.infer<typeof concurrencySchema>;
