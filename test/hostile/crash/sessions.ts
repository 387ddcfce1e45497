/** Sessions: what was acknowledged stays, no step is done twice, and the state in memory is what the log replays to (I3). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { openDirectoryReader, type DirectoryJournal, type JournalReader } from "../../../src/journal/index.ts";
import { sessionStream, type RecordEvent } from "../../../src/record/index.ts";
import { createSession, openSession, readSession, type Session, type SessionDeps } from "../../../src/session/index.ts";
import { StoredSessions, type Answer, type Input } from "../../../src/session/stored/index.ts";
import { compileWorkflow, type Plan } from "../../../src/workflow/index.ts";
import { driveSession } from "../../fakes/drive-session.ts";
import { memoryDisk } from "../../fakes/file-system.ts";
import type { Life } from "./life.ts";
import { hastyClock, journalWorld, type Scenario } from "./scenario.ts";

const plan = (id: string, steps: string): Plan => {
  const compiled = compileWorkflow({ file: `${id}.yaml`, text: `schemaVersion: 2\nid: ${id}\nname: ${id}\nversion: 1.0.0\ndescription: For tests.\nsteps:\n${steps}` });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value.plan;
};
const TWO_STEPS = plan("two-steps", "  - {id: first, title: First, prompt: Do it}\n  - {id: second, title: Second, prompt: Do more}\n");
const PLANS = {
  verified: plan("verified", "  - {id: change, title: Change, prompt: Do it}\n  - {id: checked, title: Checked, prompt: Check it, verification: {command: make check}}\n"),
  looping: plan("looping", "  - {id: turns, type: loop, title: Turns, loop: {type: for, count: 2, maxIterations: 2}, body: [{id: turn, title: Turn, prompt: Again}]}\n  - {id: gated, title: Gated, prompt: Show it, requireConfirmation: true}\n"),
  parallel: plan("parallel", "  - {id: split, type: parallel, title: Split, parallelDelegations: [{workflowId: two-steps}, {workflowId: two-steps}], synthesis: {prompt: Bring together}}\n"),
};

const passed = { exitCode: 0, timedOut: false, outputTail: "", durationMs: 1, sandbox: "weak" } as const;

/** Every event of a session's stream, and that its state is what they replay to. */
async function replayed(reader: JournalReader, session: Session): Promise<readonly RecordEvent[]> {
  const { state } = await readSession(reader, session.id);
  if (!isDeepStrictEqual(state, session.state())) throw new Error(`I3: the state of ${session.id} is not what its log replays to`);
  return reader.read(sessionStream(session.id));
}

/** No node was completed twice, and none was handed in again after it was accepted. */
function noStepTwice(events: readonly RecordEvent[]): void {
  const completed = events.flatMap((event) => (event.kind === "step_completed" ? [event.data.nodeId] : []));
  if (new Set(completed).size !== completed.length) throw new Error(`a step was completed twice: ${completed.join(", ")}`);
  const attempts = events.flatMap((event) => (event.kind === "step_submitted" ? [`${event.data.nodeId}#${event.data.attempt}`] : []));
  if (new Set(attempts).size !== attempts.length) throw new Error(`an attempt was handed in twice: ${attempts.join(", ")}`);
}

function driven(name: string, of: Plan, before?: (session: Session, journal: DirectoryJournal) => Promise<void>): Scenario {
  return {
    name: `a session: ${name}`,
    begin() {
      const world = journalWorld();
      const clock = hastyClock();
      let verifications = 0;
      return {
        ...world,
        async live(life) {
          const journal = await world.open(life);
          const verifier = life.port({
            run: async () => {
              verifications += 1;
              return passed;
            },
          });
          const deps: SessionDeps = { journal, clock, verify: () => verifier.run() };
          const there = (await journal.streams()).includes(sessionStream("s"));
          const session = there ? await openSession(deps, "s") : await createSession(deps, { sessionId: "s", itemId: null, parentSessionId: null, phase: null, plan: of, goal: "Mend it", context: {}, autonomy: "guided" });
          await before?.(session, journal);
          const { result } = await driveSession(deps, session, { plans: () => TWO_STEPS });
          if (result.kind !== "ended" || result.outcome !== "completed") throw new Error(`it ended as ${JSON.stringify(result)}`);
          await replayed(journal, session);
          await journal.close();
        },
        async finished() {
          const reader = await openDirectoryReader({ directory: "/j", fs: world.disk.fileSystem });
          for (const stream of await reader.streams()) {
            const events: readonly RecordEvent[] = await reader.read(stream);
            noStepTwice(events);
            const ends = events.filter(({ kind }) => kind === "session_ended").length;
            if (ends !== 1) throw new Error(`${stream} ended ${ends} times`);
          }
          const requested = (await reader.read(sessionStream("s"))).filter(({ kind }) => kind === "verification_requested").length;
          if (verifications < requested) throw new Error(`${verifications} verifications were run for ${requested} requests`);
        },
      };
    },
  };
}

/** Marks where the session is, and goes back to its first node once. */
async function markAndGoBack(session: Session, journal: DirectoryJournal): Promise<void> {
  const kinds = async (): Promise<readonly string[]> => (await journal.read(sessionStream(session.id))).map(({ kind }) => kind);
  if (!(await kinds()).includes("step_completed")) await session.submit({ notes: "First.", artifacts: [], context: {} });
  if (!(await kinds()).includes("checkpoint_made")) await session.checkpoint("here");
  if (!(await kinds()).includes("rewound")) await session.rewind("n1");
}

/** A client that has the server's last answer, and asks again with the same token when the server died under it. */
function stored(name: string, of: Plan, inputs: readonly (Input | "checkpoint")[]): Scenario {
  return {
    name: `stored sessions: ${name}`,
    begin() {
      // The key of the tokens is the machine's, written when it was set up.
      const dataDirectory = mkdtempSync(join(tmpdir(), "worktrain-crash-"));
      const disk = memoryDisk();
      let random = 0;
      let answered: Answer | null = null;
      let next = 0;
      const open = (life: Life): StoredSessions =>
        new StoredSessions({
          dataDirectory,
          fs: life.fileSystem(disk.fileSystem),
          clock: hastyClock(),
          random: { bytes: (length) => Buffer.alloc(length, (random += 1)) },
          verifier: () => () => Promise.resolve(passed),
          findPlan: () => ({ ok: true, value: TWO_STEPS }),
          redact: (text) => text,
          answerWithinMs: Number.POSITIVE_INFINITY,
        });
      return {
        disk,
        async live(life) {
          const sessions = open(life);
          answered ??= await sessions.start({ plan: of, goal: "Mend it", context: {}, workspacePath: null, workflowFolder: null });
          for (; next < inputs.length; next += 1) {
            const input: Input | "checkpoint" = inputs[next] ?? "checkpoint";
            const { continueToken: token = "none", checkpointToken = "none" }: Answer = answered;
            const again: Answer = input === "checkpoint" ? await sessions.checkpoint({ checkpointToken }, "here") : await sessions.go({ token }, input);
            if (again.status === "refused") throw new Error(`V2: the same token again was refused: ${JSON.stringify(again.blockers)}`);
            answered = again;
          }
          if (answered.status !== "complete") throw new Error(`the session stands at ${answered.status}`);
          await sessions.close();
        },
        died(machine) {
          if (machine === null) disk.powerOn();
          else disk.powerCut(machine);
        },
        async finished() {
          const sessionId = answered?.sessionId ?? "";
          const reader = await openDirectoryReader({ directory: `${dataDirectory}/sessions/${sessionId}/journal`, fs: disk.fileSystem });
          const events: readonly RecordEvent[] = await reader.read(sessionStream(sessionId));
          noStepTwice(events);
          const count = (kind: RecordEvent["kind"]): number => events.filter((event) => event.kind === kind).length;
          const submits = inputs.filter((input) => input !== "checkpoint" && input.kind === "submit").length;
          if (count("step_submitted") !== submits) throw new Error(`V2: ${count("step_submitted")} submissions for ${submits} that were sent`);
          const marks = inputs.filter((input) => input === "checkpoint").length;
          if (count("checkpoint_made") !== marks) throw new Error(`V2: ${count("checkpoint_made")} checkpoints for ${marks} asked for`);
          rmSync(dataDirectory, { recursive: true });
        },
      };
    },
  };
}

const notes = (notesMarkdown: string): Input => ({ kind: "submit", output: { notesMarkdown, artifacts: [], context: {} } });

export const sessionScenarios: readonly Scenario[] = [
  driven("a verification", PLANS.verified),
  driven("a loop and a gate", PLANS.looping),
  driven("children of a parallel step", PLANS.parallel),
  driven("a checkpoint, and going back", TWO_STEPS, markAndGoBack),
  stored("two steps, one blocked at first, with a checkpoint", TWO_STEPS, [notes(" "), notes("one"), "checkpoint", notes("two")]),
  stored("a gate that rejects once", plan("gated", "  - {id: gated, title: Gated, prompt: Do it, requireConfirmation: true}\n"), [
    notes("done"),
    { kind: "gate", answer: { verdict: "rejected", reason: "still wrong", by: "ada" } },
    notes("mended"),
    { kind: "gate", answer: { verdict: "approved", reason: "good", by: "ada" } },
  ]),
];
