import { z } from "zod";
import { TerminalError } from "../../../shared/errors.ts";

export interface SetUpSettings {
  readonly port: number;
  readonly host: string;
  readonly apiUrl: string;
  /** GitHub's pages, e.g. `https://github.com`. */
  readonly webUrl: string;
  readonly webhookPath: string;
}

/** Where one of these is set, somebody has an App: what is missing then is a mistake and is told as one. */
const OF_AN_APP = ["APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_PATH", "WEBHOOK_SECRET"];

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: z.string().min(1).default("localhost"),
  GITHUB_API_URL: z.url({ protocol: /^https?$/ }).default("https://api.github.com"),
  WEBHOOK_PATH: z.string().startsWith("/").default("/api/github/webhooks"),
});

/** Null when the environment is, or is meant to be, that of an App. @throws TerminalError naming a variable that is wrong */
export function readSetUpSettings(environment: Readonly<Record<string, string | undefined>>): SetUpSettings | null {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""));
  if (OF_AN_APP.some((name) => name in given)) return null;
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new TerminalError(`The environment is wrong: ${parsed.error.issues.map(({ path, message }) => `${path.join(".")} (${message})`).join("; ")}.`, "Set these variables; docs/operations.md tells what they mean.");
  const { PORT: port, HOST: host, GITHUB_API_URL: api, WEBHOOK_PATH: webhookPath } = parsed.data;
  const apiUrl = api.replace(/\/+$/, "");
  return { port, host, apiUrl, webUrl: apiUrl === "https://api.github.com" ? "https://github.com" : new URL(apiUrl).origin, webhookPath };
}
