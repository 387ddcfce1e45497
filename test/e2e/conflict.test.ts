/** The default branch moves on under a delivered pull request and conflicts with it: the same work merges it, by App, agent job and deliver job. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { eventsOf, savedJournal } from "../fakes/saved-journal.ts";
import { completeStep, handOver, scenarioByIssue, straight, use, type Script } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

const TITLE = "Durations are wrong";
const PATIENCE_MS = 110_000;
const SIGNATURE = "export function formatDuration(totalSeconds) {";
const RESOLVED = "export function formatDuration(exactSeconds = 0) {\\n  const totalSeconds = Math.round(exactSeconds);\\n";
const resolves: Script["fix"] = [
  [completeStep("Both sides changed the signature.")],
  [use("bash", { command: `perl -0pi -e 's/<<<<<<< delivered\\n.*?>>>>>>> base\\n/${RESOLVED}/s' src/format.js` })],
  [completeStep("Both hold: rounded first, and a default.")],
  [completeStep("All tests pass.")],
  [handOver],
];

let world: DemoWorld;
let issue: number;
beforeAll(async () => {
  world = await startDemoWorld(scenarioByIssue({ [TITLE]: { fix: [...resolves, ...straight.fix] } }));
  issue = await world.play({ title: TITLE });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

const pull = () => [...world.github.state().issues.values()].flatMap((each) => (each.pull === null ? [] : [{ ...each, pull: each.pull }]))[0];
const head = (): string => pull()?.pull.head.sha ?? "";
const commitOf = async (sha: string) => (await world.call(world.maintainerToken, "GET", `/git/commits/${sha}`)).body as { readonly parents: readonly { readonly sha: string }[] };
const mainHead = async () => ((await world.call(world.maintainerToken, "GET", "/git/ref/heads/main")).body as { readonly object: { readonly sha: string } }).object.sha;

test("a conflict is resolved by one merge commit on the same branch, reviewed, and GitHub can merge it then", async () => {
  const [first, before] = [head(), pull()?.number];
  const format = await world.read("src/format.js");
  expect(format).toContain(SIGNATURE);
  await world.commit({ "src/format.js": format.replace(SIGNATURE, SIGNATURE.replace("totalSeconds", "totalSeconds = 0")), "NEWS.md": "A default.\n" });
  await until(() => world.runs(issue).length === 2 && (world.statusComments(issue)[0] ?? "").includes(" state=ended "), "the second run", PATIENCE_MS);
  await world.github.settled();
  await world.actions.idle();
  await world.github.settled();
  expect(world.statusComments(issue)[0]).toContain("made pull request");
  expect(pull()).toMatchObject({ number: before, state: "open" });
  expect((await commitOf(head())).parents.map(({ sha }) => sha)).toEqual([first, await mainHead()]);
  const { item } = await savedJournal([...world.github.state().artifacts.values()]);
  expect(eventsOf(item, "item_followed_up")).toMatchObject([{ data: { because: "conflict", headSha: first, onto: { base: { sha: await mainHead() }, conflicts: [{ path: "src/format.js", kind: "markers" }] } } }]);
  expect(eventsOf(item, "merge_checked")).toMatchObject([{ data: { unresolved: [] } }]);
  expect(eventsOf(item, "base_tested")).toHaveLength(2);
  const files = (await world.call(world.maintainerToken, "GET", `/pulls/${before}/files`)).body as readonly { readonly filename: string }[];
  expect(files.map(({ filename }) => filename)).toEqual(["src/format.js"]);
  expect((await world.call(world.maintainerToken, "GET", `/pulls/${before}`)).body).toMatchObject({ mergeable: true });
  const { status, body } = await world.call(world.maintainerToken, "PUT", `/pulls/${before}/merge`, { merge_method: "squash" });
  expect({ status, body }).toMatchObject({ status: 200 });
  expect(await world.read("src/format.js")).toContain("formatDuration(exactSeconds = 0)");
  expect(await world.read("NEWS.md")).toContain("A default.");
});
