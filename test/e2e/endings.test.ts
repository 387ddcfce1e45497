/** Runs that do not end well: the reason is told on the issue, the journal is saved, and nothing is published. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseSegmentName, type EndingCode, type RecordEvent } from "../../src/record/index.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { statusOf, untilOver } from "../../src/hosts/demo/play.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { eventsOf, savedJournal } from "../fakes/saved-journal.ts";
import { completeStep, mend, scenarioByIssue, straight, text, use, verdict } from "../fakes/scripts.ts";

const FINDING = { severity: "major", summary: "An hour is printed as 60m", findingCategory: "correctness", file: "src/format.js", line: 10, evidence: "formatDuration(3599.7) prints 60m.", remediation: "Round first." };

const STOPS = "The model just stops";
const TOOL_FAILS = "A tool fails";
const STAYS_RED = "The test stays red";
const FINDINGS_LEFT = "Findings are left";
const WRONG_KEY = "The key is wrong";
const NO_KEY = "There is no key";

let world: DemoWorld;
const issues = new Map<string, number>();
let key = "";

beforeAll(async () => {
  world = await startDemoWorld(
    scenarioByIssue({
      [STOPS]: { classify: [[text("It looks fine to me.")], [text("Really, it is fine.")]] },
      [TOOL_FAILS]: {
        code: [[use("bash", { command: "echo out of paper >&2; exit 3" }), use("deploy", { to: "production" }), use("read", { file: "src/format.js" })], [text("I give up.")], [text("I give up.")]],
      },
      // One that was red before the work, which alone would be named and stop nothing, and one that the work made red.
      [STAYS_RED]: { code: [...straight.code.slice(0, 1), [use("bash", { command: "sed -i 's/RangeError(/TypeError(/' src/format.js" })], [completeStep("I changed the error.")], ...Array.from({ length: 3 }, () => [completeStep("All tests pass, believe me.")])] },
      [FINDINGS_LEFT]: { review: [[completeStep("Read and ran it.")], [verdict([FINDING])]], fix: [[completeStep("The finding does not hold.")], mend, ...straight.fix.slice(1)] },
      [WRONG_KEY]: {},
      [NO_KEY]: straight,
    }),
  );
  await world.commit({ ".github/worktrain.yml": "model: claude-sonnet-5-5\ncommands: { test: node --test }\nreview: { maxRounds: 2 }\n" });
  await Promise.all([STOPS, TOOL_FAILS, STAYS_RED, FINDINGS_LEFT].map(async (title) => issues.set(title, await world.play({ title }))));
  [key = ""] = world.github.state().secrets.values();
  world.github.setEnvironmentSecret("worktrain-agent", "ANTHROPIC_API_KEY", "sk-ant-demo-revoked");
  issues.set(WRONG_KEY, await world.play({ title: WRONG_KEY }));
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

interface Ended {
  readonly said: string;
  readonly item: readonly RecordEvent[];
  readonly all: readonly RecordEvent[];
}

/** What a run left: its issue's comments, its saved journal; and that nothing was published. */
async function ended(title: string, ending: EndingCode): Promise<Ended> {
  const issueNumber = issues.get(title) ?? 0;
  const [run, ...more] = world.runs(issueNumber);
  expect(more).toEqual([]);
  const state = world.github.state();
  const saved = [...state.artifacts.values()].filter((artifact) => artifact.runId === run?.id && parseSegmentName(artifact.name) !== null);
  expect(parseSegmentName(saved.at(-1)?.name ?? "")?.ending).toBe(ending);
  expect([...state.issues.values()].filter((issue) => issue.pull !== null)).toEqual([]);
  expect([...state.checkRuns.values()]).toEqual([]);
  expect(run?.conclusion).toBe("success");

  const status = world.statusComments(issueNumber);
  expect(status).toHaveLength(1);
  expect(status[0]).toMatch(/ state=(?:ended|interrupted) /);
  expect(status[0]).toMatch(/Nothing was published|What was done is saved/);
  expect(status[0]).toContain("**What to do:**");
  const { item, streams } = await savedJournal(saved);
  return { said: world.comments(issueNumber).map(({ body }) => body).join("\n\n"), item, all: [...streams.values()].flat() };
}

test("a model that ends its turn without completing the step is reminded once, then the run ends and says so", async () => {
  const { said, item, all } = await ended(STOPS, "not-completed");
  expect(said).toContain("the agent did not complete its step");
  expect(said).toContain("ended its turn twice without completing its work, once after a reminder");
  expect(eventsOf(all, "turn_completed")).toHaveLength(2);
  expect(eventsOf(item, "item_ended")).toMatchObject([{ data: { outcome: "stopped", ending: "not-completed" } }]);
});

test("fault 60: a command that fails, an unknown tool and a wrong input are results the model reads; when it gives up the run says so", async () => {
  const { said, all } = await ended(TOOL_FAILS, "not-completed");
  expect(said).toContain("The code session did not complete");
  const failed = eventsOf(all, "tool_completed").filter(({ data }) => data.isError);
  expect(failed).toHaveLength(3);
  const shown = JSON.stringify(failed);
  expect(shown).toContain("out of paper");
  expect(shown).toContain("deploy");
});

test("a test that stays red blocks the step three times, then the run ends with that reason", async () => {
  const { said, all } = await ended(STAYS_RED, "tests-red");
  expect(said).toContain("the tests stay red");
  expect(said).toContain("exit code 1");
  // Two files have a test of that name: which one it is cannot be said, so nothing is excused.
  expect(said).toContain("which tests failed is not known, so none of them is excused");
  expect(eventsOf(all, "base_tested")).toMatchObject([{ data: { result: { exitCode: 1, failing: ["fractions are rounded to whole seconds"] } } }]);
  expect(eventsOf(all, "verification_finished").map(({ data }) => data.exitCode)).toEqual([1, 1, 1]);
});

test("findings that are left after the last round of review end the run with their names", async () => {
  const { said, item } = await ended(FINDINGS_LEFT, "review-blocking");
  expect(said).toContain("the review still has blocking findings");
  expect(said).toContain("An hour is printed as 60m");
  expect(eventsOf(item, "session_concluded").map(({ data }) => `${data.phase} ${data.round}`)).toEqual(["classify 1", "code 1", "review 1", "audit 1", "fix 2", "review 2", "retrospect 1"]);
  expect(eventsOf(item, "item_ended")).toMatchObject([{ data: { ending: "review-blocking", escalated: true } }]);
});

test("fault 63: a key that the model's API does not take ends the run at once and names the cure", async () => {
  const { said } = await ended(WRONG_KEY, "key-rejected");
  expect(said).toContain("does not accept the key");
  expect(said).toContain("ANTHROPIC_API_KEY");
  expect(said).toContain(`/settings/environments)`);
  expect(world.model.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  expect(said).not.toContain("sk-ant-");
});

test("a repository's first run without its key says which secret, where, and a resume goes on with the attempt", async () => {
  world.github.setEnvironmentSecret("worktrain-agent", "ANTHROPIC_API_KEY", "");
  const asked = world.model.requests.length;
  const issueNumber = await world.play({ title: NO_KEY });
  const [status = ""] = world.statusComments(issueNumber);
  expect(status).toContain("### WorkTrain did not start: it has no key for the model");
  expect(status).toContain("Set the secret `ANTHROPIC_API_KEY` in the environment `worktrain-agent`");
  expect(status).toMatch(/\[Settings, Environments\]\(http:[^)]+\/settings\/environments\)/);
  expect(status).not.toContain("/actions/runs/settings");
  expect(status).toContain("`/worktrain resume`");
  expect(statusOf(world, issueNumber)).toMatchObject({ state: "interrupted", attempt: 1 });
  expect(world.model.requests).toHaveLength(asked);

  world.github.setEnvironmentSecret("worktrain-agent", "ANTHROPIC_API_KEY", key);
  await world.call(world.maintainerToken, "POST", `/issues/${issueNumber}/comments`, { body: "/worktrain resume" });
  await untilOver(world, issueNumber, new AbortController().signal, ({ continuation }) => continuation === 1);
  expect(world.statusComments(issueNumber)[0]).toContain("WorkTrain made pull request");
  expect(statusOf(world, issueNumber)).toMatchObject({ state: "ended", attempt: 1 });
});
