/** What the record shows that whoever reads the result should know: a weak sandbox, gaps, problems that sessions reported. */
import type { IntakeView, ItemView, RunView } from "./item-view.ts";
import type { SessionView } from "./session-view.ts";

export interface Notice {
  /** In our words. */
  readonly what: string;
  /** What a session said; null where our words are all. */
  readonly said: string | null;
  /** More about it in our words; empty when there is none. */
  readonly detail: string;
  /** It takes something from what the record is worth. */
  readonly strong: boolean;
}

/** Most lines of it; a session can report without end. */
const MOST_NOTICES = 50;

export const noticesOf = ({ runs, sessions, helpers, intake }: Pick<ItemView, "runs" | "sessions" | "intake"> & { readonly helpers: readonly SessionView[] }): readonly Notice[] =>
  [...runNotices(runs), ...intakeNotices(intake), ...sessionNotices([...sessions, ...helpers])].slice(0, MOST_NOTICES);

function runNotices(runs: readonly RunView[]): readonly Notice[] {
  const notice = (what: string, detail: string): Notice => ({ what, said: null, detail, strong: true });
  return [
    ...(runs.some((run) => run.sandbox !== "bubblewrap") ? [notice("Tools ran without a full sandbox", "(`sandbox: weak` was asked for): what ran in the agent job was not isolated.")] : []),
    ...(runs.some((run) => run.runner === "ephemeral-with-root") ? [notice("The agent job's user could be root on its runner", "(`self-hosted: ephemeral-with-root` was asked for): what else ran there was not looked at.")] : []),
  ];
}

function intakeNotices({ taken, passedOver }: IntakeView): readonly Notice[] {
  const notice = (what: string, said: string): Notice => ({ what, said, detail: "", strong: false });
  return [
    ...taken.map(({ path, as, sha256, sizeBytes }) => notice(`Taken from the base commit as the ${as}, instead of being made`, `${path} (${sizeBytes} bytes, SHA-256 ${sha256})`)),
    ...passedOver.map(({ path, why }) => notice("Named as a spec or a pitch and not taken", `${path}: ${why}`)),
  ];
}

function sessionNotices(sessions: readonly SessionView[]): readonly Notice[] {
  const each = <T>(listOf: (session: SessionView) => readonly T[], words: (session: string, entry: T) => readonly [string, string]): readonly Notice[] =>
    sessions.flatMap((session) => listOf(session).map((entry) => words(session.phase === null ? "session" : `${session.phase} session`, entry)).map(([what, said]) => ({ what, said, detail: "", strong: false })));
  return [
    ...each((session) => session.gaps, (name, gap) => [`Left open in the ${name}`, gap.message]),
    ...each((session) => session.issues.filter((issue) => issue.severity !== "info"), (name, issue) => [`Reported by the ${name}`, issue.summary]),
    ...each((session) => session.signals.filter((signal) => signal.signalKind !== "progress"), (name, signal) => [`Signalled by the ${name} (${signal.signalKind.replace("_", " ")})`, signal.summary]),
    ...each((session) => session.workflowProblems, (name, problem) => [`Said of the workflow by the ${name}`, problem.summary]),
  ];
}
