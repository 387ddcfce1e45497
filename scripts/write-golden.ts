/**
 * Writes golden files of this version: `node scripts/write-golden.ts NAME`. What is there is never written again: later versions
 * must read it as it is.
 */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { snapshotOf } from "../src/engine/session/index.ts";
import { openDirectoryJournal } from "../src/journal/index.ts";
import { createSession, type SessionDeps } from "../src/session/index.ts";
import { nodeFileSystem } from "../src/shared/node-ports.ts";
import { catalogue } from "../src/workflow/index.ts";
import { fakeClock } from "../test/fakes/clock.ts";
import { driveSession } from "../test/fakes/drive-session.ts";

const [name] = process.argv.slice(2);
if (name === undefined) throw new Error("Name the directory to write.");
const golden = join(import.meta.dirname, "../test/golden");
const directory = join(golden, name);
if (existsSync(directory)) throw new Error(`${directory} is there already; golden files are never changed.`);
const fixtures = join(golden, "../fixtures/workflows");
const { workflows } = catalogue(readdirSync(fixtures).map((file) => ({ file, text: readFileSync(join(fixtures, file), "utf8") })));

const clock = fakeClock();
const journal = await openDirectoryJournal({ directory: join(directory, "journal"), fs: nodeFileSystem, clock });
const deps: SessionDeps = { journal, clock, readContext: async () => ({ value: "found" }), verify: async () => ({ exitCode: 0, timedOut: false, outputTail: "ok", durationMs: 5, sandbox: "bubblewrap" }) };
const states: Record<string, unknown> = {};
for (const { plan } of workflows.values()) {
  const sessionId = `golden-${plan.id.replaceAll(".", "-")}`;
  const session = await createSession(deps, { sessionId, itemId: null, parentSessionId: null, phase: null, plan, goal: "Mend https://example.org/issue/1", context: { area: "engine", areas: ["a", "b"], slices: ["one", "two"], risk: "high", again: true }, autonomy: "guided" });
  await driveSession(deps, session, { plans: (id) => workflows.get(id)?.plan ?? null });
  await session.checkpoint("the end");
  await session.rewind("n1");
  states[sessionId] = snapshotOf(session.state());
}
await journal.close();
cpSync(fixtures, join(directory, "workflows"), { recursive: true });
writeFileSync(join(directory, "states.json"), `${JSON.stringify(states, null, 1)}\n`);
