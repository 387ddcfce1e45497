/** Limits of the record. A value over its limit is refused with both numbers, or spilled to a blob; nothing is cut silently. */

/** One line of the log, newline included. Larger payloads are spilled to blobs by their writer. */
export const EVENT_LIMIT_BYTES = 4 * 1024 * 1024;
/** Notes of one step. */
export const NOTES_LIMIT_BYTES = 32 * 1024;
/** All artifacts of one submission, canonical JSON. */
export const ARTIFACTS_LIMIT_BYTES = 256 * 1024;
/** A session's context, accumulated over its steps, canonical JSON. */
export const CONTEXT_LIMIT_BYTES = 256 * 1024;
/** Tool output kept inside an event; more goes to a blob, with head and tail in the event. */
export const TOOL_OUTPUT_LIMIT_BYTES = 256 * 1024;
/** One journal blob: a file of the workspace, a plan, a long tool output. 100 MB is also GitHub's limit for a git blob (P-git-blob). */
export const BLOB_LIMIT_BYTES = 100 * 1024 * 1024;
/** Paths of changed files that one event of an item names; a longer change is counted. */
export const CHANGED_PATHS_LIMIT = 2_000;
