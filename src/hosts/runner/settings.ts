import { z } from "zod";
import { graphqlUrlOf } from "../../github/graphql.ts";
import { askIdSchema, itemIdSchema, parseAskId } from "../../record/index.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Refusal } from "../../shared/errors.ts";

const id = z.string().regex(/^\d+$/).transform(Number).pipe(z.int());
const environmentSchema = z.object({
  GITHUB_API_URL: z.url().default("https://api.github.com"),
  GITHUB_GRAPHQL_URL: z.url().optional(),
  GITHUB_SERVER_URL: z.url().default("https://github.com"),
  GITHUB_REPOSITORY: z.string().regex(/^[^/\s]+\/[^/\s]+$/),
  GITHUB_REPOSITORY_ID: id,
  GITHUB_RUN_ID: id,
  GITHUB_RUN_ATTEMPT: id,
  GITHUB_WORKFLOW_REF: z.string(),
  GITHUB_WORKSPACE: z.string().min(1),
  RUNNER_TEMP: z.string().min(1),
  RUNNER_TOOL_CACHE: z.string().optional(),
  RUNNER_ENVIRONMENT: z.string().optional(),
  PATH: z.string().default(""),
  ACTIONS_ID_TOKEN_REQUEST_URL: z.url().optional(),
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: z.string().min(1).optional(),
});

export interface Exchange {
  readonly url: string;
  /** Where the runner lets the job ask for identity tokens, and with what. */
  readonly idToken: { readonly url: string; readonly token: string };
}

/** What both jobs know: where they run, and the inputs every one of them has. */
export interface JobSettings {
  readonly owner: string;
  readonly repo: string;
  readonly repositoryId: number;
  readonly runId: number;
  readonly runAttempt: number;
  readonly apiUrl: string;
  readonly graphqlUrl: string;
  readonly serverUrl: string;
  /** `owner/repo/.github/workflows/worktrain.yml@refs/heads/main` */
  readonly workflowRef: string;
  readonly workspace: string;
  readonly runnerTemp: string;
  readonly toolCache: string | null;
  readonly path: string;
  readonly modelUrl: string | null;
  readonly job: "agent" | "deliver";
  readonly key: string;
  readonly item: string;
  readonly ticket: string;
  readonly task: string;
  readonly segments: string;
  /** Deliver job: how the job `verify` ended, as GitHub's expressions name it, and what it says; "" without one. */
  readonly verifyResult: string;
  readonly verified: string;
  readonly publicKey: string;
  readonly token: string;
  /** "" where the job has none: an agent job that would ask the model says so instead. */
  readonly anthropicApiKey: string;
  /** Deliver job: where it exchanges its identity for tokens of the App; null: it publishes with `token`. */
  readonly exchange: Exchange | null;
  /** Deliver job: what would be published is shown, and nothing is. */
  readonly staged: boolean;
  readonly sandbox: "bubblewrap" | "weak";
  /** Whose runner this is; null where that is not said, which the look at the runner has refused before. */
  readonly runner: "hosted" | "ephemeral" | "ephemeral-with-root" | null;
}

const sandboxSchema = z.enum(["bubblewrap", "weak"]);
const selfHostedSchema = z.enum(["", "ephemeral", "ephemeral-with-root"]);
const inputsSchema = z.object({
  job: z.enum(["agent", "deliver"]),
  key: z.string().regex(/^[0-9a-f]{16,64}$/),
  item: z.union([itemIdSchema, askIdSchema]),
  ticket: z.string().min(1),
  task: z.string(),
  segments: z.string(),
  "verify-result": z.enum(["", "success", "failure", "cancelled", "skipped"]),
  verified: z.string().max(100_000),
  "public-key": z.string().min(1),
  "github-token": z.string().min(1),
  "exchange-url": z.union([z.literal(""), z.url({ protocol: /^https?$/ })]),
  "anthropic-api-key": z.string(),
  "anthropic-base-url": z.union([z.literal(""), z.url()]),
  "self-hosted": selfHostedSchema,
  sandbox: sandboxSchema,
  staged: z.enum(["", "true", "false"]),
});

const runnerSchema = z.object({ job: z.enum(["harden", "agent", "verify", "deliver"]), "self-hosted": selfHostedSchema, "anthropic-base-url": z.string(), sandbox: sandboxSchema });

/** What is read before anything secret is: which job this is and what the operator says of the runner. */
export interface RunnerSettings {
  readonly job: "harden" | "agent" | "verify" | "deliver";
  readonly selfHosted: "" | "ephemeral" | "ephemeral-with-root";
  readonly modelUrl: string;
  readonly sandbox: "bubblewrap" | "weak";
}

export function readRunnerSettings(input: (name: string) => string): Result<RunnerSettings, Refusal<"bad-settings">> {
  const inputs = runnerSchema.safeParse(inputsOf(runnerSchema.shape, input));
  if (!inputs.success) return refuse(inputs.error, "input", "Compare the workflow file with templates/worktrain.yml.");
  const { job, sandbox, "self-hosted": selfHosted, "anthropic-base-url": modelUrl } = inputs.data;
  return ok({ job, sandbox, selfHosted, modelUrl });
}

const inputsOf = (shape: object, input: (name: string) => string) => Object.fromEntries(Object.keys(shape).map((name) => [name, input(name)]));

/**
 * Parses the job's environment and inputs.
 * @param input reads an action input, "" when it is not set
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  input: (name: string) => string,
): Result<JobSettings, Refusal<"bad-settings">> {
  const variables = environmentSchema.safeParse(environment);
  if (!variables.success) return refuse(variables.error, "variable", "Run this as a GitHub Action: the runner sets these variables.");
  const inputs = inputsSchema.safeParse(inputsOf(inputsSchema.shape, input));
  if (!inputs.success) return refuse(inputs.error, "input", "Compare the workflow file with templates/worktrain.yml; runs are started by the App, not by hand.");
  const keyless = keylessRefusal(environment, inputs.data);
  if (keyless !== null) return err(keyless);
  const exchange = exchangeOf(variables.data, inputs.data);
  if (!exchange.ok) return exchange;
  const [owner = "", repo = ""] = variables.data.GITHUB_REPOSITORY.split("/");
  const { "public-key": publicKey, "github-token": token, "anthropic-api-key": anthropicApiKey, "anthropic-base-url": modelUrl, "self-hosted": selfHosted, "verify-result": verifyResult, "exchange-url": _exchangeUrl, staged, ...rest } = inputs.data;
  return ok({
    owner,
    repo,
    repositoryId: variables.data.GITHUB_REPOSITORY_ID,
    runId: variables.data.GITHUB_RUN_ID,
    runAttempt: variables.data.GITHUB_RUN_ATTEMPT,
    apiUrl: variables.data.GITHUB_API_URL,
    graphqlUrl: variables.data.GITHUB_GRAPHQL_URL ?? graphqlUrlOf(variables.data.GITHUB_API_URL),
    serverUrl: variables.data.GITHUB_SERVER_URL,
    workflowRef: variables.data.GITHUB_WORKFLOW_REF,
    workspace: variables.data.GITHUB_WORKSPACE,
    runnerTemp: variables.data.RUNNER_TEMP,
    toolCache: variables.data.RUNNER_TOOL_CACHE ?? null,
    path: variables.data.PATH,
    modelUrl: modelUrl === "" ? null : modelUrl,
    runner: variables.data.RUNNER_ENVIRONMENT === "github-hosted" ? "hosted" : selfHosted === "" ? null : selfHosted,
    publicKey,
    verifyResult,
    token,
    anthropicApiKey,
    exchange: exchange.value,
    staged: staged === "true",
    ...rest,
  });
}

/** Refused where the workflow file wants an exchange and the job may have no identity token: `token` then only reads. */
function exchangeOf(variables: z.infer<typeof environmentSchema>, { job, "exchange-url": url }: z.infer<typeof inputsSchema>): Result<Exchange | null, Refusal<"bad-settings">> {
  if (job !== "deliver" || url === "") return ok(null);
  const { ACTIONS_ID_TOKEN_REQUEST_URL: from, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = variables;
  if (from === undefined || token === undefined) return err({ kind: "bad-settings", message: "The input exchange-url is set, and this job may have no identity token.", fix: "Give the job deliver the permission `id-token: write` in the workflow file, or take exchange-url out: the job then publishes with GITHUB_TOKEN." });
  return ok({ url, idToken: { url: from, token } });
}

/** What the post step needs to know; null for a job that keeps no journal of work. */
export function readPostSettings(
  environment: Readonly<Record<string, string | undefined>>,
  input: (name: string) => string,
): { readonly runId: number; readonly runAttempt: number; readonly runnerTemp: string } | null {
  if (input("job") !== "agent") return null;
  const { GITHUB_RUN_ID: runId, GITHUB_RUN_ATTEMPT: runAttempt, RUNNER_TEMP: runnerTemp } = postSchema.parse(environment);
  return { runId, runAttempt, runnerTemp };
}

const postSchema = environmentSchema.pick({ GITHUB_RUN_ID: true, GITHUB_RUN_ATTEMPT: true, RUNNER_TEMP: true });

export const SET_THE_KEY = "Set the secret ANTHROPIC_API_KEY in the environment worktrain-agent and pass it as the input anthropic-api-key, as templates/worktrain.yml does.";

/** Ways to ask for a model without a key that the operator may have set. */
const KEYLESS_VARIABLES = ["ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_IDENTITY_TOKEN_FILE", "ACTIONS_ID_TOKEN_REQUEST_URL"] as const;

/**
 * The project's set-up steps run in the agent job. With `id-token: write` the runner gives every step of a job a token that can have
 * tokens made for any audience, so without a key of its own this job asks no model.
 */
function keylessRefusal(environment: Readonly<Record<string, string | undefined>>, inputs: { readonly job: string; readonly item: string; readonly "anthropic-api-key": string }): Refusal<"bad-settings"> | null {
  // A question about a record is answered without a model.
  if (inputs.job !== "agent" || inputs["anthropic-api-key"] !== "" || parseAskId(inputs.item) !== null) return null;
  const asked = KEYLESS_VARIABLES.filter((name) => (environment[name] ?? "") !== "");
  // Told by the run's end, which the App reads: most often it is a repository's first one.
  if (asked.length === 0) return null;
  return { kind: "bad-settings", message: `Keyless is refused in the agent job (${asked.join(", ")}): the project's set-up steps run in it, and with id-token: write each of them could have tokens made for any audience.`, fix: SET_THE_KEY };
}

function refuse(error: z.ZodError, what: string, fix: string): Result<never, Refusal<"bad-settings">> {
  const [issue] = error.issues;
  return err({ kind: "bad-settings", message: `The ${what} ${issue?.path.join(".") ?? ""} is missing or wrong: ${issue?.message ?? ""}.`, fix });
}
