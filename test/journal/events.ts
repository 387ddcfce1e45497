import type { RecordEvent } from "../../src/record/index.ts";

/** An event of about a hundred bytes, told apart by its text. */
export const steered = (text: string): RecordEvent => ({ kind: "steered", data: { turn: 1, source: "person", text } });
