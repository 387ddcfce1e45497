import { EVENT_LIMIT_BYTES, GENESIS_HASH, parseRecordEvent, RECORD_VERSION, streamNameSchema, type Envelope, type Head, type RecordEvent } from "../record/index.ts";
import { TerminalError } from "../shared/errors.ts";
import { sha256Hex } from "../shared/hash.ts";
import { canonicalJson } from "../shared/json.ts";
import { redactJson, type Redact } from "../shared/redact.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { Chain, OwnLines } from "./chain.ts";
import type { AppendRefusal } from "./journal.ts";
import { firstIssue, lineText } from "./line.ts";

export interface AppendRequest {
  readonly stream: string;
  readonly after: Head | null;
  readonly events: readonly RecordEvent[];
  readonly epoch: number;
  readonly nowMs: number;
  readonly redact: Redact | null;
}

/**
 * Turns events into the next lines of a stream, ready to be written. O(events), whatever the length of the stream. Nothing is changed by it.
 * @returns `conflict` when `after` is not the head (J1), `event-too-large` with both numbers (fault 10: spill it to a blob)
 * @throws TerminalError when an event could not be read back: a bug in the caller
 */
export function prepareAppend(chain: Chain, request: AppendRequest): Result<OwnLines, AppendRefusal> {
  const { stream, after, events } = request;
  const head = chain.head(stream);
  if (head === null && !streamNameSchema.safeParse(stream).success) throw bug(`"${stream}" is no name of a stream`);
  if (events.length === 0) throw bug(`an append to ${stream} without an event`);
  if (after?.seq !== head?.seq || after?.hash !== head?.hash) return err(conflict(stream, after, head));

  const at = isoTime(request.nowMs);
  let lines = "";
  let last = head;
  for (const event of events) {
    const { kind } = event;
    const { data, text } = withoutSecrets(request.redact, event);
    const parsed = parseRecordEvent({ stream, kind, data });
    if (!parsed.success) throw bug(`an event "${kind}" of ${stream} that cannot be read back: ${firstIssue(parsed.error.issues)}`);
    const line = lineText({ v: RECORD_VERSION, stream, seq: (last?.seq ?? 0) + 1, epoch: request.epoch, prev: last?.hash ?? GENESIS_HASH, at, kind }, text);
    const bytes = line.length * 3 <= EVENT_LIMIT_BYTES ? 0 : Buffer.byteLength(line); // UTF-8 takes at most 3 bytes for a UTF-16 code unit
    if (bytes > EVENT_LIMIT_BYTES) return err(tooLarge(stream, kind, bytes));
    last = { seq: (last?.seq ?? 0) + 1, hash: sha256Hex(line) };
    lines += line;
  }
  if (last === null) throw bug(`an append to ${stream} without a line`);
  return ok({ bytes: Buffer.from(lines), epoch: request.epoch, head: last });
}

/**
 * The event's data without secrets (I6), and its canonical JSON. Nearly all events hold none, and one look at the whole text
 * tells; only then each string is redacted by itself. A model turn that was changed says so: it must not be replayed.
 */
function withoutSecrets(redact: Redact | null, event: RecordEvent): { readonly data: Envelope["data"]; readonly text: string } {
  const text = canonicalJson(event.data);
  if (redact === null || redact(text) === text) return { data: event.data, text };
  const clean = redactJson(redact, event.data);
  const changedTurn = event.kind === "turn_completed" && clean !== event.data;
  const data = { ...(typeof clean === "object" ? clean : {}), ...(changedTurn ? { redacted: true } : {}) };
  return { data, text: canonicalJson(data) };
}

/** The last second that was written out: `2026-11-20T10:30:59.` */
let second = { startMs: Number.NaN, text: "" };

/** As `toISOString`, which costs as much as hashing a line: within a second only the milliseconds are new. */
function isoTime(ms: number): string {
  const startMs = Math.floor(ms / 1000) * 1000;
  if (startMs !== second.startMs) second = { startMs, text: new Date(startMs).toISOString().slice(0, -"000Z".length) };
  return `${second.text}${String(Math.trunc(ms - startMs)).padStart(3, "0")}Z`;
}

const bug = (what: string): TerminalError =>
  new TerminalError(`The journal was given ${what}.`, "This is a bug in WorkTrain; please report it with the journal.");

const place = (head: Head | null): string => (head === null ? "the start" : `seq ${head.seq} (${head.hash.slice(0, 12)})`);

const conflict = (stream: string, after: Head | null, head: Head | null): AppendRefusal => ({
  kind: "conflict",
  message: `${stream} stands at ${place(head)}, not at ${place(after)}`,
  fix: "Another command changed the stream. Read it again and decide again.",
});

const tooLarge = (stream: string, kind: string, bytes: number): AppendRefusal => ({
  kind: "event-too-large",
  message: `A "${kind}" event of ${stream} has ${bytes} bytes; the limit is ${EVENT_LIMIT_BYTES}`,
  fix: "Put the large part into a blob and refer to it by its hash.",
});
