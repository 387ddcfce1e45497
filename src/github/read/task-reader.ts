/**
 * The text of an issue or pull request that an address in a task names. Read from the API's own server and no other, bounded in
 * size and time; whatever goes wrong is a reason, not an exception. What comes back is text of strangers: data, never instructions.
 */
import { z } from "zod";
import type { Fetch } from "../../shared/ports.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { GITHUB_API_VERSION } from "../client.ts";

interface TaskReaderPorts {
  readonly fetch: Fetch;
  /** `GITHUB_API_URL`, e.g. `https://api.github.com`. */
  readonly apiUrl: string;
  /** Empty: public repositories only, 60 requests an hour (GitHub REST docs). */
  readonly token: string;
}

/** Bytes of an answer that are read: an issue's text is at most 65,536 characters, the rest are facts about it. */
const ANSWER_LIMIT_BYTES = 1024 * 1024;
/** Bytes of the text: half of what a session's whole context may take. */
const TEXT_LIMIT_BYTES = 128 * 1024;
const TIMEOUT_MS = 10_000;

const answerSchema = z.object({
  title: z.string(),
  body: z.string().nullish(),
  state: z.string(),
  pull_request: z.unknown().optional(),
  user: z.object({ login: z.string() }).nullish(),
});

/** The text of a task: title, state, author and description on several lines; or why there is none. */
type TaskText = { readonly value: string } | { readonly value: null; readonly reason: string };

/** A reader of the addresses that people put into tasks. */
export const taskReader =
  (ports: TaskReaderPorts) =>
  async (address: string, signal?: AbortSignal): Promise<TaskText> => {
    const read = await readTask(ports, address, signal);
    return read.ok ? { value: read.value } : { value: null, reason: read.error };
  };

async function readTask(ports: TaskReaderPorts, address: string, signal?: AbortSignal): Promise<Result<string, string>> {
  const api = URL.canParse(ports.apiUrl) ? new URL(ports.apiUrl) : null;
  if (api === null || !["https:", "http:"].includes(api.protocol)) return err("GITHUB_API_URL is no URL; correct or unset it");
  const named = taskNamed(address, api);
  if (named === null) return err("it is no address of a GitHub issue or pull request");
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await ports.fetch(`${ports.apiUrl.replace(/\/+$/, "")}/repos/${named.repository}/issues/${named.number}`, {
      headers: { accept: "application/vnd.github+json", "user-agent": "worktrain", "x-github-api-version": GITHUB_API_VERSION, ...(ports.token === "" ? {} : { authorization: `Bearer ${ports.token}` }) },
      // A redirect leads elsewhere, and the token would go along.
      redirect: "manual",
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return err(statusReason(response.status, ports.token));
    }
    const text = await readBounded(response);
    return text === null ? err(`GitHub's answer has more than ${ANSWER_LIMIT_BYTES} bytes`) : taskText(text, named);
  } catch (error) {
    signal?.throwIfAborted();
    if (timeout.aborted) return err(`GitHub did not answer within ${TIMEOUT_MS / 1000} s`);
    return err(`GitHub could not be reached (${error instanceof Error ? error.message : String(error)})`);
  }
}

interface TaskName {
  readonly repository: string;
  readonly number: string;
}

const ISSUE_PATH = /^\/([A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100})\/(?:issues|pull)\/([1-9][0-9]{0,9})(?![0-9])/;

/** On github.com, or where another server has both its API and its pages. */
function taskNamed(address: string, api: URL): TaskName | null {
  if (!URL.canParse(address)) return null;
  const { origin, pathname, username, password } = new URL(address);
  if ((origin !== "https://github.com" && origin !== api.origin) || username !== "" || password !== "") return null;
  const [, repository = "", number = ""] = ISSUE_PATH.exec(pathname) ?? [];
  return number === "" || /\/\.{1,2}$/.test(repository) ? null : { repository, number };
}

function statusReason(status: number, token: string): string {
  const asWhom = token === "" ? "without a token; set GITHUB_TOKEN" : "with this token";
  if (status === 404 || status === 410) return `GitHub shows no such issue or pull request ${asWhom}`;
  if (status === 401 || status === 403 || status === 429) return `GitHub answered ${status} ${asWhom}`;
  if (status === 0 || (status >= 300 && status < 400)) return "it has moved; give its new address";
  return `GitHub answered ${status}; try again later`;
}

/** The body as text; null when it is over the limit. */
async function readBounded(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    // Leaving the loop cancels the rest.
    if (bytes > ANSWER_LIMIT_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function taskText(answer: string, { repository, number }: TaskName): Result<string, string> {
  const parsed = answerSchema.safeParse(parseJson(answer));
  if (!parsed.success) return err("GitHub's answer is not of the documented form");
  const { title, body, state, pull_request: pullRequest, user } = parsed.data;
  const kind = pullRequest === undefined || pullRequest === null ? "Issue" : "Pull request";
  const text = `${kind} ${repository}#${number} (${state}${user ? `, by ${user.login}` : ""}): ${title.replaceAll(/\s+/g, " ").trim()}\n\n${(body ?? "").replaceAll("\r\n", "\n").trim() || "(no description)"}\n`;
  const bytes = Buffer.byteLength(text);
  return bytes > TEXT_LIMIT_BYTES ? err(`its text has ${bytes} bytes; the limit is ${TEXT_LIMIT_BYTES}`) : ok(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
