import { EVENT_LIMIT_BYTES, GENESIS_HASH, RECORD_VERSION, streamNameSchema, type Head, type RecordEvent } from "../record/index.ts";
import { TerminalError } from "../shared/errors.ts";
import { sha256Hex } from "../shared/hash.ts";
import { canonicalJson } from "../shared/json.ts";
import { redactJson, type Redact } from "../shared/redact.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { Chain } from "./chain.ts";
import type { AppendRefusal } from "./journal.ts";
import { recordedFrom, writeLine, type ReadLine } from "./line.ts";

export interface AppendRequest {
  readonly stream: string;
  readonly after: Head | null;
  readonly events: readonly RecordEvent[];
  readonly epoch: number;
  readonly nowMs: number;
  readonly redact: Redact | null;
}

/** Lines ready to be written, and what they will read as. Nothing is changed by making it. */
export interface PreparedAppend {
  readonly bytes: Uint8Array;
  /** Without newlines. */
  readonly lines: readonly string[];
  readonly entries: readonly ReadLine[];
  readonly head: Head;
}

/**
 * Turns events into the next lines of a stream. O(events), whatever the length of the stream.
 * @returns `conflict` when `after` is not the head (J1), `event-too-large` with both numbers (fault 10: spill it to a blob)
 * @throws TerminalError when an event could not be read back: a bug in the caller
 */
export function prepareAppend(chain: Chain, request: AppendRequest): Result<PreparedAppend, AppendRefusal> {
  const { stream, after, events } = request;
  const head = chain.head(stream);
  if (head === null && !streamNameSchema.safeParse(stream).success) throw bug(`"${stream}" is no name of a stream`);
  if (events.length === 0) throw bug(`an append to ${stream} without an event`);
  if (after?.seq !== head?.seq || after?.hash !== head?.hash) return err(conflict(stream, after, head));

  const at = new Date(request.nowMs).toISOString();
  const lines: string[] = [];
  const entries: ReadLine[] = [];
  const parts: Uint8Array[] = [];
  let last = head;
  for (const event of events) {
    const { kind } = event;
    const envelope = { v: RECORD_VERSION as typeof RECORD_VERSION, stream, seq: (last?.seq ?? 0) + 1, epoch: request.epoch, prev: last?.hash ?? GENESIS_HASH, at, kind };
    const data = redactedText(request.redact, event);
    const written = writeLine(envelope, data);
    if (written.bytes.length > EVENT_LIMIT_BYTES) return err(tooLarge(stream, kind, written.bytes.length));
    const recorded = recordedFrom({ ...envelope, data: JSON.parse(data) }); // L2
    if (!recorded.ok) throw bug(`an event of ${stream} that cannot be read back: ${recorded.error.message}`);
    last = { seq: envelope.seq, hash: sha256Hex(written.bytes) };
    lines.push(written.text);
    entries.push({ prev: envelope.prev, recorded: recorded.value, hash: last.hash });
    parts.push(written.bytes);
  }
  const [only] = parts;
  if (last === null || only === undefined) throw bug(`an append to ${stream} without a line`);
  return ok({ bytes: parts.length === 1 ? only : Buffer.concat(parts), lines, entries, head: last });
}

/**
 * The event's data as canonical JSON without secrets (I6). Nearly all events hold none, and one look at the whole text tells;
 * only then each string is redacted by itself. A model turn that was changed says so: it must not be replayed.
 */
function redactedText(redact: Redact | null, event: RecordEvent): string {
  const text = canonicalJson(event.data);
  if (redact === null || redact(text) === text) return text;
  const data = redactJson(redact, event.data);
  const changedTurn = event.kind === "turn_completed" && data !== event.data && typeof data === "object";
  return canonicalJson(changedTurn ? { ...data, redacted: true } : data);
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
