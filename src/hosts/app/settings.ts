import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { TerminalError } from "../../shared/errors.ts";
import { graphqlUrlOf } from "../../github/graphql.ts";
import { publicTicketKey } from "../../github/trust/index.ts";
import { ACTION_PIN } from "../../intake/index.ts";
import type { PublishesAsApp } from "./exchange/deliver-job.ts";

const secondsSchema = z.coerce.number().min(0.01).max(3_600);

const environmentSchema = z.object({
  APP_ID: z.coerce.number().int().min(1),
  PRIVATE_KEY: z.string().min(1).optional(),
  PRIVATE_KEY_PATH: z.string().min(1).optional(),
  WEBHOOK_SECRET: z.string().min(1),
  WEBHOOK_PATH: z.string().regex(/^\//, "it has to begin with /").default("/api/github/webhooks"),
  WORKTRAIN_TICKET_KEY: z.string().min(1),
  WORKTRAIN_ACTION: z.string().transform((text) => text.trim().split(/[\s,]+/)).pipe(z.array(z.string().regex(ACTION_PIN, "must be owner/repository/action@ and the 40 hex digits of a commit")).max(50)).optional(),
  WORKTRAIN_WORKFLOW: z.string().min(1).optional(),
  WORKTRAIN_POLL_SECONDS: secondsSchema.default(30),
  WORKTRAIN_DAILY_COST_USD: z.coerce.number().min(0.01).max(1_000_000).optional(),
  WORKTRAIN_GITHUB_LIMITS: z.enum(["on", "off"]).default("on"),
  GITHUB_API_URL: z.url({ protocol: /^https?$/ }).default("https://api.github.com"),
  GITHUB_GRAPHQL_URL: z.url({ protocol: /^https?$/ }).optional(),
  WORKTRAIN_EXCHANGE_URL: z.url({ protocol: /^https?$/ }).optional(),
  WORKTRAIN_OIDC_ISSUER: z.url({ protocol: /^https?$/ }).default("https://token.actions.githubusercontent.com"),
  WORKTRAIN_SELF_HOSTED: z.enum(["allow", "refuse"]).default("refuse"),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: z.string().min(1).default("localhost"),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

/** The address is the audience of the jobs' tokens, and its path is where it is served. */
export interface ExchangeSettings extends PublishesAsApp {
  readonly issuer: string;
  /** Whether jobs on runners that GitHub does not host may have tokens. */
  readonly selfHosted: boolean;
}

/** Everything the App takes from outside, checked. */
export interface AppSettings {
  readonly appId: number;
  readonly webhookPath: string;
  /** Ed25519 private key (PKCS #8 PEM) that signs tickets. */
  readonly ticketKeyPem: string;
  /** The action that onboarding puts into the workflow file, pinned by commit; null when nobody said which. */
  readonly action: string | null;
  /** The operator's own workflow template; null for the shipped one. */
  readonly workflowTemplate: string | null;
  readonly pollMs: number;
  /** US dollars that all work of an installation may cost in a day (UTC); null: no limit. */
  readonly dailyCostUsd: number | null;
  /** Whether content is made no faster than github.com allows. */
  readonly paced: boolean;
  readonly apiUrl: string;
  readonly graphqlUrl: string;
  /** Where deliver jobs exchange tokens, and who signs theirs; null: none are exchanged. */
  readonly exchange: ExchangeSettings | null;
  readonly port: number;
  readonly host: string;
  /** The environment for Probot, which reads its own variables: the private key as PEM, the secret, the log's format. */
  readonly probotEnvironment: Readonly<Record<string, string>>;
}

const PROBOT_VARIABLES = ["APP_ID", "WEBHOOK_SECRET", "LOG_FORMAT", "LOG_LEVEL_IN_STRING", "LOG_MESSAGE_KEY", "SENTRY_DSN"];

/** @throws TerminalError that names each variable that is missing or wrong; values are never repeated */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): AppSettings {
  // An empty variable is one that is not set: that is how container platforms pass unset ones.
  const given = Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ""));
  const parsed = environmentSchema.safeParse(given);
  const wrong = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join(".")} (${path.some((name) => String(name) in given) ? message : "is not set"})`);
  if (given["PRIVATE_KEY"] === undefined && given["PRIVATE_KEY_PATH"] === undefined) wrong.push("PRIVATE_KEY or PRIVATE_KEY_PATH (one is needed)");
  if (!parsed.success || wrong.length > 0) {
    throw new TerminalError(`The App's environment is not complete: ${wrong.join("; ")}.`, "Set these variables; docs/operations.md tells where each value comes from.");
  }
  const values = parsed.data;
  const ticketKeyPem = readPem(values.WORKTRAIN_TICKET_KEY);
  publicTicketKey(ticketKeyPem); // Throws now rather than at the first label.
  const privateKey = readAppKey(values);
  return {
    appId: values.APP_ID,
    webhookPath: values.WEBHOOK_PATH,
    ticketKeyPem,
    action: values.WORKTRAIN_ACTION?.[0] ?? null,
    workflowTemplate: values.WORKTRAIN_WORKFLOW === undefined ? null : attempt(() => readFileSync(values.WORKTRAIN_WORKFLOW ?? "", "utf8"), "WORKTRAIN_WORKFLOW does not name a file that can be read", "Set it to where your copy of templates/worktrain.yml is, or unset it."),
    pollMs: values.WORKTRAIN_POLL_SECONDS * 1_000,
    dailyCostUsd: values.WORKTRAIN_DAILY_COST_USD ?? null,
    paced: values.WORKTRAIN_GITHUB_LIMITS === "on",
    apiUrl: values.GITHUB_API_URL.replace(/\/+$/, ""),
    graphqlUrl: values.GITHUB_GRAPHQL_URL ?? graphqlUrlOf(values.GITHUB_API_URL),
    exchange: exchangeOf(values),
    port: values.PORT,
    host: values.HOST,
    probotEnvironment: {
      ...Object.fromEntries(PROBOT_VARIABLES.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]]))),
      LOG_LEVEL: values.LOG_LEVEL,
      PRIVATE_KEY: privateKey,
    },
  };
}

/** @throws TerminalError when the exchange would be served where something else is, or no action is named that may have tokens */
function exchangeOf({ WORKTRAIN_EXCHANGE_URL: url, WORKTRAIN_ACTION: actions, WORKTRAIN_OIDC_ISSUER: issuer, WORKTRAIN_SELF_HOSTED: selfHosted, WEBHOOK_PATH: webhooks }: z.infer<typeof environmentSchema>): ExchangeSettings | null {
  if (url === undefined) return null;
  if (["/", "/healthz", webhooks].includes(new URL(url).pathname)) {
    throw new TerminalError(`WORKTRAIN_EXCHANGE_URL (${url}) names a path that serves something else.`, "Give it one of its own, such as https://worktrain.example.com/api/exchange.");
  }
  if (actions === undefined) throw new TerminalError("WORKTRAIN_EXCHANGE_URL is set and WORKTRAIN_ACTION is not: no job could be known as WorkTrain's, and none would have a token.", "Set WORKTRAIN_ACTION to what the workflow files of the repositories use: WorkTrain's action, pinned by commit.");
  return { url, actions, issuer: issuer.replace(/\/+$/, ""), selfHosted: selfHosted === "allow" };
}

const APP_KEY_FIX = "Generate a private key on the App's settings page on GitHub; set PRIVATE_KEY to what is in the .pem file, or PRIVATE_KEY_PATH to where the file is.";

/** The App's private key as PKCS #8 PEM. @throws TerminalError that names the variable; its value may be a secret in the wrong place and is not repeated */
function readAppKey({ PRIVATE_KEY: inline, PRIVATE_KEY_PATH: path = "" }: z.infer<typeof environmentSchema>): string {
  const name = inline === undefined ? "PRIVATE_KEY_PATH" : "PRIVATE_KEY";
  const text = inline ?? attempt(() => readFileSync(path, "utf8"), "PRIVATE_KEY_PATH does not name a file that can be read");
  const key = attempt((): KeyObject => createPrivateKey(readPem(text)), `${name} is not a private key in PEM format`);
  if (key.asymmetricKeyType !== "rsa") throw new TerminalError(`${name} is not an RSA key, as GitHub's are.`, APP_KEY_FIX);
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function attempt<T>(read: () => T, message: string, fix = APP_KEY_FIX): T {
  try {
    return read();
  } catch (error) {
    // ENOENT and its like help; OpenSSL's codes (ERR_OSSL_UNSUPPORTED) say nothing to a person.
    const code = error instanceof Error && "syscall" in error && "code" in error ? ` (${String(error.code)})` : "";
    throw new TerminalError(`${message}${code}.`, fix);
  }
}

/** A PEM as it is, on one line, with `\n` written out (as `.env` files do), or its base64. */
export function readPem(value: string): string {
  const text = value.includes("-----BEGIN") ? value : Buffer.from(value, "base64").toString("utf8");
  const lines = text.replaceAll("\\n", "\n");
  return lines.trim().includes("\n") ? lines : lines.replace(/^\s*(-----BEGIN [A-Z ]+-----)(.*)(-----END [A-Z ]+-----)\s*$/, (_, begin: string, body: string, end: string) => `${begin}\n${body.trim().replace(/\s+/g, "\n")}\n${end}\n`);
}
