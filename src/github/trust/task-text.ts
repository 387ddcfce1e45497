/**
 * The task text as it was when the label was set: it travels with the dispatch, so that later edits change nothing.
 * `base64url(deflateRaw(canonicalJson({body, title})))`.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { z } from "zod";
import type { Refusal } from "../../shared/errors.ts";
import { sha256Hex } from "../../shared/hash.ts";
import { canonicalJson } from "../../shared/json.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { decodeBase64Url } from "./base64url.ts";

const taskTextSchema = z.strictObject({ title: z.string(), body: z.string() });
export type TaskText = z.infer<typeof taskTextSchema>;

/** An issue's body has at most 65,536 characters (P-comment-size), each at most 6 bytes in JSON; the rest is title and frame. */
const MAX_TASK_BYTES = 512 * 1024;
/** All inputs of a dispatch share 65,535 characters (P-dispatch); ticket, key and item need about 2,000. */
const MAX_ENCODED_CHARS = 60_000;
/** Stands in the input `task` when the text does not fit: the run reads the issue and compares `taskDigest` with the ticket. */
export const TASK_NOT_CARRIED = "fetch";

export type TaskRefusal = Refusal<"task-not-carried" | "task-malformed">;

/**
 * The value of the workflow input `task`; `TASK_NOT_CARRIED` for the rare text that stays too long when compressed.
 * @param roomChars what the other inputs leave
 */
export function encodeTask(task: TaskText, roomChars = MAX_ENCODED_CHARS): string {
  const encoded = deflateRawSync(canonical(task)).toString("base64url");
  return encoded.length <= Math.min(roomChars, MAX_ENCODED_CHARS) ? encoded : TASK_NOT_CARRIED;
}

export function decodeTask(text: string): Result<TaskText, TaskRefusal> {
  if (text === TASK_NOT_CARRIED) {
    return err({
      kind: "task-not-carried",
      message: "The issue's text was too long to travel with the dispatch.",
      fix: "Read the issue and go on if its digest is the ticket's; else shorten the issue and label it again.",
    });
  }
  const task = taskTextSchema.safeParse(inflateJson(text));
  if (!task.success) {
    return err({ kind: "task-malformed", message: "The input `task` holds no task text.", fix: "Label the issue again, so that the App dispatches a new run." });
  }
  return ok(task.data);
}

/** The text of an issue with what somebody asks for beside it in a comment. */
export function withGoal(task: TaskText, goal: string | undefined): TaskText {
  if (goal === undefined) return task;
  const asked = `## What is asked for now\n\n${goal}`;
  return { title: task.title, body: task.body.trim() === "" ? asked : `${task.body}\n\n${asked}` };
}

/** SHA-256 of the canonical JSON of `{body, title}`: what the ticket vouches for. */
export function taskDigest(task: TaskText): string {
  return sha256Hex(canonical(task));
}

const canonical = (task: TaskText): string => canonicalJson({ body: task.body, title: task.title });

function inflateJson(text: string): unknown {
  const bytes = decodeBase64Url(text);
  if (bytes === null) return undefined;
  try {
    return JSON.parse(inflateRawSync(bytes, { maxOutputLength: MAX_TASK_BYTES }).toString("utf8"));
  } catch {
    return undefined; // Not deflate, too large or not JSON: the schema refuses all three alike.
  }
}
