/** The simulation through its front door, and what has to be so for its word to count. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { MUTANTS } from "../../simulation/mutants.ts";
import { SCENARIOS } from "../../simulation/scenarios.ts";
import { shrink } from "../../simulation/shrink.ts";

const root = join(import.meta.dirname, "..", "..");

interface Played {
  readonly exitCode: number;
  readonly output: { readonly sessions: { readonly played: number }; readonly items: { readonly played: number }; readonly failures: readonly object[] };
}

async function simulate(...args: readonly string[]): Promise<Played> {
  const run = promisify(execFile)(process.execPath, [join(root, "simulation/main.ts"), "--json", ...args], { maxBuffer: 64 * 1024 * 1024 });
  const { stdout, code } = await run.then((done) => ({ ...done, code: 0 }), (error: { readonly stdout: string; readonly code: number }) => error);
  return { exitCode: code, output: JSON.parse(stdout) as Played["output"] };
}

test("2,000 sessions and 100 work items: whatever goes wrong, I1 to I7 hold", async () => {
  const { exitCode, output } = await simulate("--seeds", "2000", "--items", "100");
  expect(output.failures).toEqual([]);
  expect(output).toMatchObject({ sessions: { played: 2_000 }, items: { played: 100 } });
  expect(exitCode).toBe(0);
}, 600_000);

test("processes that end at some of their port calls, in every scenario", async () => {
  const { exitCode, output } = await simulate("--crashes", "--every", "211");
  expect(output.failures).toEqual([]);
  expect(exitCode).toBe(0);
}, 600_000);

test.each([["--item", "16"], ["--item", "31"], ["--session", "7"]])("one seed makes one world, to the byte of its trace: %s %s", async (...args) => {
  const [once, again] = await Promise.all([simulate(...args), simulate(...args)]);
  expect(once).toEqual(again);
  expect(once.output).toMatchObject({ trace: expect.arrayContaining([expect.any(String)]) });
});

test("a planted fault is noticed, told with its seed and with what it takes, and the exit code says so", async () => {
  const index = MUTANTS.findIndex(({ name }) => name === "no look-up before a write is repeated");
  const { exitCode, output } = await simulate("--mutant", String(index), "--seeds", "2000");
  expect(exitCode).toBe(1);
  expect(output.failures[0]).toMatchObject({ world: "session", violations: [expect.stringContaining("I2")] });
  // A workflow, and the one move that it takes.
  expect(output.failures[0]).toMatchObject({ needed: [expect.any(String), expect.stringContaining("answer-lost")] });
}, 300_000);

test.each([
  ["a record of another branch's run is gone on from", "where an artifact comes from is not looked at", "which nobody of ours stored"],
  ["a deliver job that stood still while another delivered delivers too", "the fence is not looked at", "I2"],
])("%s (planted: %s)", async (_, mutant, violation) => {
  const index = MUTANTS.findIndex(({ name }) => name === mutant);
  const { exitCode, output } = await simulate("--mutant", String(index), "--seeds", "0", "--items", String(SCENARIOS.length));
  expect(exitCode).toBe(1);
  expect(output.failures[0]).toMatchObject({ world: "item", violations: expect.arrayContaining([expect.stringContaining(violation)]) });
}, 300_000);

test.each(MUTANTS)("the text of the planted fault is there once: $name", ({ file, edits }) => {
  const text = readFileSync(join(root, file), "utf8");
  for (const { find } of edits) expect(text.split(find)).toHaveLength(2);
});

test.each([
  [["--bogus"], "simulate: Unknown option '--bogus'. See `npm run simulate -- --help`.\n"],
  [["--seeds"], "simulate: Option '--seeds <value>' argument missing. See `npm run simulate -- --help`.\n"],
  [["three"], "simulate: Unexpected argument 'three'. See `npm run simulate -- --help`.\n"],
  [["--from", "x"], 'simulate: --from takes a whole number, not "x". See `npm run simulate -- --help`.\n'],
  [["--mutant", "99"], `simulate: --mutant takes 0 to ${MUTANTS.length - 1}, not 99. See \`npm run simulate -- --help\`.\n`],
])("arguments it does not understand are told in one line: %j", async (args, told) => {
  await expect(promisify(execFile)(process.execPath, [join(root, "simulation/main.ts"), ...args])).rejects.toMatchObject({ code: 2, stdout: "", stderr: told });
});

test("--help tells what there is", async () => {
  expect(await promisify(execFile)(process.execPath, [join(root, "simulation/main.ts"), "--help"])).toMatchObject({ stdout: expect.stringContaining("--crashes"), stderr: "" });
});

test("shrinking leaves what a failure takes, and nothing else", async () => {
  const tried: (readonly number[])[] = [];
  const left = await shrink(Array.from({ length: 40 }, (_, index) => index), async (list) => {
    tried.push(list);
    return list.includes(3) && list.includes(31);
  });
  expect(left).toEqual([3, 31]);
  expect(tried.length).toBeLessThan(120);
});
