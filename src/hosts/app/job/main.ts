/** The App as a job of the repository's own: the entry of action/intake. The only place here that knows the environment. */
import { RetryableError, TerminalError } from "../../../shared/errors.ts";
import { nodeClock } from "../../../shared/node-ports.ts";
import { runnerCommands } from "../../../shared/runner-commands.ts";
import { createJobLog } from "./job-log.ts";
import { readJobSettings, type JobSettings } from "./settings.ts";

const runner = runnerCommands(process.env, (line) => void process.stdout.write(`${line}\n`));
const ports = { clock: nodeClock, fetch: globalThis.fetch };

try {
  runner.mask(runner.input("github-token"));
  await run(readJobSettings(process.env, (name) => runner.input(name)));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  fail(error instanceof TerminalError ? `${message} ${error.fix}` : error instanceof RetryableError ? `${message} The next scheduled run looks again.` : `WorkTrain failed: ${message} Please report this with the run's log.`);
}

async function run(settings: JobSettings): Promise<void> {
  switch (settings.job) {
    case "decide": {
      const { decide } = await import("./decide.ts");
      const log = createJobLog(runner);
      await decide(settings, { ...ports, log });
      for (const failure of log.failures) fail(failure);
      return;
    }
    case "tell": {
      const { tell } = await import("./tell.ts");
      const problem = await tell(settings, ports);
      if (problem !== null) runner.error(problem);
      return;
    }
    case "watch": {
      const { watch } = await import("./watch.ts");
      const { labelled, unanswered } = await watch(settings, ports);
      const all = `${labelled.length} open ${labelled.length === 1 ? "issue or pull request has" : "issues and pull requests have"} the label`;
      if (unanswered.length === 0) runner.notice(`${all}; the App owes none of them an answer.`);
      else fail(`${all}; the App does not answer on ${unanswered.map((number) => `#${number}`).join(", ")}. See that its server is up and reachable.`);
    }
  }
}

function fail(message: string): void {
  runner.error(message);
  process.exitCode = 1;
}
