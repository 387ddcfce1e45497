import { join } from "node:path";
import { taskReader } from "../../github/read/task-reader.ts";
import { planFinder } from "../../library/index.ts";
import { createVerifier, StoredSessions, type Address, type Answer, answerText, type NextWords } from "../../session/stored/index.ts";
import { usableDataDirectory } from "../../shared/data-directory.ts";
import { createRedactor } from "../../shared/redact.ts";
import { TerminalError } from "../../shared/errors.ts";
import type { Call, CliWorld, CommandResult } from "./command.ts";
import { sandboxMode } from "./sandbox-mode.ts";

/** The data directory that a command means. @throws TerminalError when nothing can be kept there */
export const dataDirectoryOf = (call: Call, world: CliWorld): string => usableDataDirectory(call.text("data") ?? world.environment().dataDirectory);

/** Does one thing with the stored sessions. A verification is waited for to its end; Ctrl-C leaves it to be made again. */
export async function withSessions(call: Call, world: CliWorld, work: (sessions: StoredSessions) => Promise<Answer>): Promise<CommandResult> {
  const { clock, random, fs, processes, nodePath, packageRoot, signal } = world;
  const dataDirectory = dataDirectoryOf(call, world);
  const { github, apiKey, path } = world.environment();
  const helperPath = join(packageRoot, "action", "dist", "helper.js");
  const verifier = { mode: sandboxMode(call.text("sandbox")), processes, nodePath, helperPath, path, dataDirectory };
  const sessions = new StoredSessions({ dataDirectory, fs, clock, random, verifier: (workspacePath) => createVerifier(verifier, workspacePath), findPlan: planFinder(packageRoot, call.texts("source")), readTask: taskReader({ fetch: world.fetch, ...github }), redact: createRedactor([github.token, apiKey]), answerWithinMs: Number.POSITIVE_INFINITY });
  const interrupted = (): void => void sessions.close();
  signal.addEventListener("abort", interrupted, { once: true });
  try {
    return commandResult(await work(sessions), call.text("data"));
  } finally {
    signal.removeEventListener("abort", interrupted);
    await sessions.close();
  }
}

/** Exit code 0 when the command was carried out, whatever the step came to. @throws TerminalError when it was refused */
function commandResult(answer: Answer, data: string | undefined): CommandResult {
  const [why] = answer.blockers ?? [];
  if (answer.status === "refused") throw new TerminalError(why?.message ?? "The command was refused.", why?.fix ?? "");
  return { exitCode: 0, text: answerText(answer, shellWords(data)), data: answer };
}

/** What a shell is to do next, with the same data directory. */
function shellWords(data: string | undefined): NextWords {
  const command = (word: string, sessionId: string, options = ""): string => `\`worktrain session ${word} ${sessionId}${options}${data === undefined ? "" : ` --data ${data}`}\``;
  return {
    handOver: ({ sessionId }) => `Hand over with ${command("submit", sessionId, ' --notes "..."')} when the step is done.`,
    answerGate: ({ sessionId }) => `Answer with ${command("approve", sessionId, ' --reason "..."')}, or \`reject\` in place of \`approve\`.`,
    askAgain: ({ sessionId }) => `Ask again with ${command("next", sessionId)}.`,
    comeBack: ({ sessionId }, checkpointId) => `To come back here: ${command("rewind", sessionId, ` --to ${checkpointId}`)}.`,
  };
}

/** The session that a command's first operand names, by token or by id. */
export function addressOf(call: Call, command: string): Address {
  const [operand] = call.positionals;
  if (operand === undefined) throw new TerminalError(`\`worktrain ${command}\` needs a session.`, "Give its id, or the continueToken of its last answer.");
  return /[^a-z0-9-]/.test(operand) ? { token: operand } : { sessionId: operand };
}

/** The id of the session that the first operand names. @throws TerminalError when it is a token or missing */
export function sessionIdOf(call: Call, command: string): string {
  const address = addressOf(call, command);
  if ("sessionId" in address) return address.sessionId;
  throw new TerminalError(`\`worktrain ${command}\` takes a session's id, not a token.`, "Give the session's id.");
}
