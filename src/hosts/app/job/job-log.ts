import type { RunnerCommands } from "../../../shared/runner-commands.ts";
import type { AppLog } from "../app-log.ts";

/** The App's log as lines of a job's; what went wrong makes the job fail at its end. */
export interface JobLog extends AppLog {
  /** Messages of what went wrong, oldest first. */
  readonly failures: readonly string[];
}

export function createJobLog(runner: Pick<RunnerCommands, "log">): JobLog {
  const failures: string[] = [];
  const say = (message: string, fields: object): void => runner.log(`${message} ${JSON.stringify(fields)}`);
  return {
    failures,
    info: (message, fields) => say(message, fields),
    warn: (message, fields) => say(message, fields),
    error(error, message, fields) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`${message}: ${reason}`);
      say(message, { ...fields, reason });
    },
  };
}
