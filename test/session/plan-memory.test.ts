/** Plans that were read before are not read again: whatever was read before, a session has the plan that its own bytes say. */
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openDirectoryReader, type JournalReader } from "../../src/journal/index.ts";
import { readSession } from "../../src/session/index.ts";
import { TerminalError } from "../../src/shared/errors.ts";
import { nodeFileSystem } from "../../src/shared/node-ports.ts";
import { parsePlan } from "../../src/workflow/index.ts";

const reader = await openDirectoryReader({ directory: join(import.meta.dirname, "..", "golden", "0.1", "journal"), fs: nodeFileSystem });
const SESSIONS = (await reader.streams()).filter((stream) => stream.startsWith("session/")).map((stream) => stream.replace("session/", ""));
const BLOBS = await Promise.all(
  SESSIONS.map(async (id) => {
    const [start] = await reader.read(`session/${id}`);
    if (start?.kind !== "session_started") throw new Error(`${id} does not begin with its start.`);
    return Buffer.from((await reader.getBlob(start.data.plan)) ?? []);
  }),
);

/** The plan, or why there is none. */
async function planOf(session: string, bytes: Uint8Array): Promise<unknown> {
  const withBytes: JournalReader = { ...reader, getBlob: () => Promise.resolve(bytes) };
  try {
    return (await readSession(withBytes, session)).plan;
  } catch (error) {
    if (error instanceof TerminalError) return error.message;
    throw error;
  }
}

function plainly(bytes: Uint8Array): unknown {
  const plan = parsePlan(new TextDecoder().decode(bytes));
  return plan.ok ? plan.value : plan.error.message;
}

type Damage = (bytes: Buffer) => Buffer;
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.constant<Damage>((bytes) => bytes),
  fc.nat().map((cut): Damage => (bytes) => bytes.subarray(0, cut % (bytes.length + 1))),
  fc.tuple(fc.nat(), fc.nat(7)).map(([at, bit]): Damage => (bytes) => Buffer.from(bytes.map((byte, index) => (index === at % bytes.length ? byte ^ (1 << bit) : byte)))),
  fc.string({ minLength: 1 }).map((name): Damage => (bytes) => Buffer.from(JSON.stringify({ ...(JSON.parse(bytes.toString("utf8")) as object), name }))),
  // Another order of the members, the same plan.
  fc.constant<Damage>((bytes) => Buffer.from(JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(bytes.toString("utf8")) as object).toReversed())))),
);

test("I3: plans that are cut, flipped, renamed or written in another order are each read as by one that remembers nothing, in any order and again", async () => {
  const seen = { plan: 0, refused: 0 };
  await fc.assert(
    // More plans at a time than are remembered.
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(SESSIONS.length - 1), damage), { minLength: 1, maxLength: 40 }), async (reads) => {
      const all = reads.map(([session, damaged]) => ({ session: SESSIONS[session] ?? "", bytes: damaged(BLOBS[session] ?? Buffer.alloc(0)) }));
      for (const { session, bytes } of [...all, ...all.toReversed()]) {
        const expected = plainly(bytes);
        seen[typeof expected === "string" ? "refused" : "plan"] += 1;
        expect(await planOf(session, bytes)).toEqual(expected);
      }
    }),
    { numRuns: 30 },
  );
  expect(Math.min(seen.plan, seen.refused)).toBeGreaterThan(10);
});
