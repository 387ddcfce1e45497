/** The end of what a job of GitHub Actions wrote, as its log's address gives it. */
import { z } from "zod";
import type { Fetch } from "../../shared/ports.ts";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { requestFailure } from "../request-error.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";

/** What is read of it at most, bytes: the end of a longer log is not looked for. */
const MOST_READ_BYTES = 64 * 1024 * 1024;
/** What is kept, bytes. */
const KEPT_BYTES = 256 * 1024;
const READ_MS = 60_000;

/** Each line has the time in front (observed), and colours in it. */
const STAMP = /^\uFEFF?\d{4}-\d\d-\d\dT[\d:.]+Z ?/;
// oxlint-disable-next-line no-control-regex
const COLOURS = /\u001B\[[\d;]*[A-Za-z]/g;

/**
 * Up to the last error that the runner marked: behind it there is only what it cleans up. A job's number is that of its check run.
 * @param maxChars of whole lines
 * @returns null where there is none to be had: the job is not over, its log was deleted or is too old, the token may not read it, or an outage
 */
export async function readJobLogEnd(github: GitHub, repository: Repository, { jobId, maxChars, fetch }: { readonly jobId: number; readonly maxChars: number; readonly fetch: Fetch }): Promise<string | null> {
  const route = "GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs";
  try {
    const { headers } = await github.request(route, { ...repository, job_id: jobId, request: { redirect: "manual" } });
    const text = await readEnd(fetch, parseAnswer(z.url({ protocol: /^https?$/ }), headers["location"], "a job's log (its Location header)"));
    return text === null ? null : endOf(text, maxChars);
  } catch (error) {
    // What failed is known without it.
    if (error instanceof TerminalError || error instanceof RetryableError || requestFailure(error) !== null) return null;
    throw error;
  }
}

/** The address is signed: it needs no token, and must not get ours. */
async function readEnd(fetch: Fetch, link: string): Promise<string | null> {
  try {
    const response = await fetch(link, { signal: AbortSignal.timeout(READ_MS) });
    if (!response.ok || response.body === null) return null;
    let [kept, read] = [Buffer.alloc(0), 0];
    for await (const chunk of response.body) {
      read += chunk.byteLength;
      kept = Buffer.concat([kept, chunk]);
      if (kept.byteLength > 2 * KEPT_BYTES) kept = kept.subarray(-KEPT_BYTES);
      if (read > MOST_READ_BYTES) return null; // Leaving the loop cancels the body.
    }
    return new TextDecoder().decode(kept);
  } catch {
    return null; // An outage of the store: there is no log to be had.
  }
}

function endOf(text: string, maxChars: number): string {
  const lines = text.split(/\r?\n/).map((line) => line.replace(STAMP, "").replace(COLOURS, ""));
  const error = lines.findLastIndex((line) => line.startsWith("##[error]"));
  const told = (error === -1 ? lines : lines.slice(0, error + 1)).join("\n").trim();
  if (told.length <= maxChars) return told;
  const cut = told.slice(-maxChars);
  return cut.slice(cut.indexOf("\n") + 1).toWellFormed();
}
