import { z } from "zod";
import { TerminalError } from "../../shared/errors.ts";
import { publicTicketKey } from "../../github/trust/index.ts";

const secondsSchema = z.coerce.number().min(0.01).max(3_600);

const environmentSchema = z.object({
  APP_ID: z.coerce.number().int().min(1),
  PRIVATE_KEY: z.string().min(1).optional(),
  PRIVATE_KEY_PATH: z.string().min(1).optional(),
  WEBHOOK_SECRET: z.string().min(1),
  WEBHOOK_PATH: z.string().startsWith("/").default("/api/github/webhooks"),
  WORKTRAIN_TICKET_KEY: z.string().min(1),
  WORKTRAIN_POLL_SECONDS: secondsSchema.default(30),
  GITHUB_API_URL: z.url({ protocol: /^https?$/ }).default("https://api.github.com"),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: z.string().min(1).default("localhost"),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

/** Everything the App takes from outside, checked. */
export interface AppSettings {
  readonly appId: number;
  readonly webhookPath: string;
  /** Ed25519 private key (PKCS #8 PEM) that signs tickets. */
  readonly ticketKeyPem: string;
  readonly pollMs: number;
  readonly apiUrl: string;
  readonly port: number;
  readonly host: string;
  /** The environment for Probot, which reads its own variables: the private key in any of its forms, the secret, the log's format. */
  readonly probotEnvironment: Readonly<Record<string, string>>;
}

const PROBOT_VARIABLES = ["APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_PATH", "WEBHOOK_SECRET", "LOG_FORMAT", "LOG_LEVEL_IN_STRING", "LOG_MESSAGE_KEY", "SENTRY_DSN"];

/** @throws TerminalError that names each variable that is missing or wrong; values are never repeated */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): AppSettings {
  // An empty variable is one that is not set: that is how container platforms pass unset ones.
  const given = Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ""));
  const parsed = environmentSchema.safeParse(given);
  const wrong = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join(".")} (${issue.message})`);
  if (given["PRIVATE_KEY"] === undefined && given["PRIVATE_KEY_PATH"] === undefined) wrong.push("PRIVATE_KEY or PRIVATE_KEY_PATH (one is needed)");
  if (!parsed.success || wrong.length > 0) {
    throw new TerminalError(`The App's environment is not complete: ${wrong.join("; ")}.`, "Set these variables; docs/operations.md tells where each value comes from.");
  }
  const values = parsed.data;
  const ticketKeyPem = readPem(values.WORKTRAIN_TICKET_KEY);
  publicTicketKey(ticketKeyPem); // Throws now rather than at the first label.
  return {
    appId: values.APP_ID,
    webhookPath: values.WEBHOOK_PATH,
    ticketKeyPem,
    pollMs: values.WORKTRAIN_POLL_SECONDS * 1_000,
    apiUrl: values.GITHUB_API_URL.replace(/\/+$/, ""),
    port: values.PORT,
    host: values.HOST,
    probotEnvironment: {
      ...Object.fromEntries(PROBOT_VARIABLES.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]]))),
      LOG_LEVEL: values.LOG_LEVEL,
    },
  };
}

/** A PEM as it is, with `\n` written out (as `.env` files do), or its base64. */
function readPem(value: string): string {
  const text = value.includes("-----BEGIN") ? value : Buffer.from(value, "base64").toString("utf8");
  return text.replaceAll("\\n", "\n");
}
