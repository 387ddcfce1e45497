/** Work that is started, cancelled, tried again and asked about by comments, through App, agent job and deliver job. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { isPull } from "../../src/hosts/demo/github/records.ts";
import { openIssue } from "../../src/hosts/demo/play.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { livingProcesses } from "../fakes/processes.ts";
import { scenarioByIssue, straight, use } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

const TITLE = "Durations are wrong";
/** Known among this machine's processes by their seconds. */
const SECONDS = `8${process.pid}5`;
const PATIENCE_MS = 110_000;

let world: DemoWorld;
let issue: number;

beforeAll(async () => {
  const hangs = scenarioByIssue({ [TITLE]: { code: [...straight.code.slice(0, 2), [use("bash", { command: `sleep ${SECONDS}`, timeout_ms: 600_000 })]] } });
  const works = scenarioByIssue({ [TITLE]: {} });
  const again = (): boolean => world.runs(issue).length > 1;
  const turns = Object.fromEntries(
    Object.entries(works.turns).map(([workflow, working]) => {
      const hanging = hangs.turns[workflow] ?? [];
      return [workflow, (view: Parameters<Extract<typeof working, (...args: never[]) => unknown>>[0]) => {
        const script = again() ? working : hanging;
        return typeof script === "function" ? script(view) : (script[view.turnIndex] ?? []);
      }];
    }),
  );
  world = await startDemoWorld({ ...works, turns });
  issue = await openIssue(world, { title: TITLE, body: "" });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

const status = (): string => world.statusComments(issue)[0] ?? "";
const pulls = () => [...world.github.state().issues.values()].filter(isPull);
const asked = () => [...world.github.state().runs.values()].filter(({ displayTitle }) => displayTitle.includes("/ask-"));
async function write(body: string): Promise<void> {
  await world.call(world.maintainerToken, "POST", `/issues/${issue}/comments`, { body });
}
async function settled(condition: () => boolean, what: string): Promise<void> {
  await until(condition, what, PATIENCE_MS);
  await world.actions.idle();
  await world.github.settled();
}

test("run starts it without a label, cancel ends it and keeps what was done, retry goes on from before the phase to a pull request", async () => {
  await write("/worktrain run");
  await until(() => livingProcesses().some(({ command }) => command === `sleep ${SECONDS}`), "the command is at work", PATIENCE_MS);
  await write("/worktrain cancel");
  await settled(() => status().includes(" state=interrupted "), "the end of the cancelled run");
  expect(status()).toMatch(/was cancelled/);
  expect(livingProcesses().some(({ command }) => command === `sleep ${SECONDS}`)).toBe(false);
  expect(pulls()).toEqual([]);
  await write("/worktrain retry code");
  await settled(() => status().includes(" state=ended "), "the end of the second run");
  expect(status()).toMatch(/made pull request #\d+/);
  expect(pulls()).toHaveLength(1);
});

test("why and verify: runs of their own answer from the record, also on the pull request", async () => {
  await write("/worktrain why");
  await settled(() => asked().length === 1 && asked().every(({ conclusion }) => conclusion !== null), "the answer");
  expect(asked()[0]?.conclusion).toBe("success");
  const answer = world.comments(issue).findLast(({ body }) => body.startsWith("<!-- worktrain:answer "));
  expect(answer?.author).toBe("github-actions[bot]");
  expect(answer?.body).toContain("### Why it went this way");
  expect(answer?.body).toContain("so a person merges what comes of it");
  const pull = pulls()[0]?.number ?? 0;
  await world.call(world.maintainerToken, "POST", `/issues/${pull}/comments`, { body: "/worktrain verify" });
  await settled(() => asked().length === 2 && asked().every(({ conclusion }) => conclusion !== null), "the second answer");
  const verified = world.comments(pull).findLast(({ body }) => body.startsWith("<!-- worktrain:answer "));
  expect(verified?.body).toContain("### The record holds\n");
  expect(world.runs(issue)).toHaveLength(2);
});
