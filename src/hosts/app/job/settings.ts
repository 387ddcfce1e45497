/** What the App as a job of the repository takes from its runner, checked. */
import { z } from "zod";
import { graphqlUrlOf } from "../../../github/graphql.ts";
import { publicTicketKey } from "../../../github/trust/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { readPem } from "../settings.ts";

const id = z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(1));

const environmentSchema = z.object({
  GITHUB_API_URL: z.url({ protocol: /^https?$/ }).default("https://api.github.com"),
  GITHUB_GRAPHQL_URL: z.url({ protocol: /^https?$/ }).optional(),
  GITHUB_REPOSITORY: z.string().regex(/^[^/\s]+\/[^/\s]+$/),
  GITHUB_REPOSITORY_ID: id,
  GITHUB_RUN_ID: id,
  GITHUB_REF_NAME: z.string().min(1),
  GITHUB_EVENT_NAME: z.string().min(1),
  GITHUB_EVENT_PATH: z.string().min(1),
});

const inputsSchema = z.object({
  job: z.enum(["decide", "tell", "watch"]),
  "ticket-key": z.string(),
  run: z.union([z.literal("").transform(() => null), id]),
  "github-token": z.string().min(1),
});

export interface JobSettings {
  /** `decide`: what the App would do. `tell`: that a run is over. `watch`: whether the App answers. */
  readonly job: "decide" | "tell" | "watch";
  readonly owner: string;
  readonly repo: string;
  readonly repositoryId: number;
  readonly runId: number;
  /** The branch that this run is of. */
  readonly branch: string;
  readonly eventName: string;
  readonly eventPath: string;
  readonly apiUrl: string;
  readonly graphqlUrl: string;
  readonly token: string;
  /** A run to look at; null for none. */
  readonly endedRun: number | null;
  /** Ed25519 private key (PKCS #8 PEM) that signs tickets; "" where the job is given none. */
  readonly ticketKeyPem: string;
}

const TEMPLATE = "Compare the workflow file with WorkTrain's templates/worktrain-intake.yml or templates/worktrain-watch.yml.";

/**
 * @param input reads an action input, "" when it is not set
 * @throws TerminalError that names what is missing or wrong; no value is repeated
 */
export function readJobSettings(environment: Readonly<Record<string, string | undefined>>, input: (name: string) => string): JobSettings {
  const variables = environmentSchema.safeParse(environment);
  if (!variables.success) throw wrong(variables.error, "variable", "Run this as a GitHub Action: the runner sets these variables.");
  const inputs = inputsSchema.safeParse(Object.fromEntries(Object.keys(inputsSchema.shape).map((name) => [name, input(name)])));
  if (!inputs.success) throw wrong(inputs.error, "input", TEMPLATE);
  const [owner = "", repo = ""] = variables.data.GITHUB_REPOSITORY.split("/");
  const apiUrl = variables.data.GITHUB_API_URL.replace(/\/+$/, "");
  return {
    job: inputs.data.job,
    owner,
    repo,
    repositoryId: variables.data.GITHUB_REPOSITORY_ID,
    runId: variables.data.GITHUB_RUN_ID,
    branch: variables.data.GITHUB_REF_NAME,
    eventName: variables.data.GITHUB_EVENT_NAME,
    eventPath: variables.data.GITHUB_EVENT_PATH,
    apiUrl,
    graphqlUrl: variables.data.GITHUB_GRAPHQL_URL ?? graphqlUrlOf(apiUrl),
    token: inputs.data["github-token"],
    endedRun: inputs.data.run,
    ticketKeyPem: inputs.data.job === "decide" ? ticketKey(inputs.data["ticket-key"]) : "",
  };
}

/** @throws TerminalError where there is none, or it is another kind of key */
function ticketKey(text: string): string {
  if (text === "") throw new TerminalError("The input ticket-key is empty: nothing can be started.", "Set the secret WORKTRAIN_TICKET_KEY in the environment worktrain-intake, limited to the default branch. `worktrain init --action-only` makes the key.");
  const pem = readPem(text);
  try {
    publicTicketKey(pem);
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    throw new TerminalError("The secret WORKTRAIN_TICKET_KEY is not an Ed25519 private key.", "Make one with `openssl genpkey -algorithm ed25519` and put its public half into .github/workflows/worktrain.yml.");
  }
  return pem;
}

function wrong(error: z.ZodError, what: string, fix: string): TerminalError {
  const [issue] = error.issues;
  return new TerminalError(`The ${what} ${issue?.path.join(".") ?? ""} is missing or wrong: ${issue?.message ?? ""}.`, fix);
}
