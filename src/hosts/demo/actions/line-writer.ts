/** Where a job's log lines go: to the listener and to a file, under the name of the step that is running. */
import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { LogLine } from "./job-log.ts";

export interface LineWriter {
  /** From now on lines belong to this step. */
  enter(step: string): void;
  readonly write: (line: LogLine) => void;
}

/** @param file is appended to; @param emit must not throw */
export function createLineWriter(file: string, emit: (step: string, line: LogLine) => void): LineWriter {
  mkdirSync(dirname(file), { recursive: true });
  let step = "Set up job";
  return {
    enter: (name) => void (step = name),
    write(line) {
      appendFileSync(file, `[${step}] ${line.level === "info" ? "" : `##[${line.level}]`}${line.text}\n`);
      emit(step, line);
    },
  };
}
