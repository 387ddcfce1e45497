/**
 * The built bundle is killed at events spread over its journal: its process alone, so that the post step saves what it left, or the
 * whole machine. Each time the App goes on by itself, and nothing that was saved is done again.
 * `WORKTRAIN_KILL_EVERY=7` kills at every seventh event, both ways.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countRepeated, killAt, type Killing, type Resumed } from "../../src/hosts/demo/kill-at.ts";
import { isPull, type Artifact } from "../../src/hosts/demo/github/records.ts";
import type { SeenRequest } from "../../src/hosts/demo/model/index.ts";
import { git } from "../../src/hosts/demo/world.ts";
import { parseSegmentName } from "../../src/record/index.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { canonicalJson } from "../../src/shared/json.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { eventsOf, savedJournal } from "../fakes/saved-journal.ts";
import { scenarioByIssue } from "../fakes/scripts.ts";

interface Case {
  readonly at: number;
  readonly what: "process" | "machine";
}

/** Events of a whole item with this script, the one that ends it left out. */
const LAST_EVENT = 85;
const every = Number(process.env["WORKTRAIN_KILL_EVERY"] ?? 0);
const CASES: readonly Case[] =
  every > 0
    ? Array.from({ length: Math.floor(LAST_EVENT / every) }, (_, nth) => (nth + 1) * every).flatMap((at): Case[] => [{ at, what: "process" }, { at, what: "machine" }])
    : [
        { at: 3, what: "machine" },
        { at: 33, what: "process" },
        { at: 52, what: "machine" },
        { at: LAST_EVENT, what: "process" },
      ];

const titleOf = ({ at, what }: Case): string => `Durations are wrong (${what} killed at ${at}.)`;

let world: DemoWorld;
let killing: Killing | null = null;

beforeAll(async () => {
  world = await startDemoWorld({ ...scenarioByIssue(Object.fromEntries(CASES.map((each) => [titleOf(each), {}]))), repeatsInterrupted: true });
  world.watch((event) => killing?.onEvent(event));
});
afterAll(async () => {
  killing?.stop();
  assertRequestsConform(world.github.requests);
  await world.close();
});

interface Played {
  readonly issueNumber: number;
  readonly first: number;
  readonly artifacts: readonly Artifact[];
  readonly resumed: Resumed;
  /** What the model was asked by the run that was killed, and after it. */
  readonly asked: { readonly before: readonly SeenRequest[]; readonly after: readonly SeenRequest[] };
}

async function play(each: Case): Promise<Played> {
  const asked = world.model.requests.length;
  let askedBefore = asked;
  killing = killAt(each.at, () => world.actions, (actions, runId) => {
    if (each.what === "machine") actions.lose(runId);
    else actions.killStep(runId);
    askedBefore = world.model.requests.length;
  });
  const issueNumber = await world.play({ title: titleOf(each) });
  const hit = killing.hit();
  killing = null;
  if (hit === null) throw new Error(`The journal did not come to event ${each.at}.`);
  const artifacts = [...world.github.state().artifacts.values()].filter(({ name }) => parseSegmentName(name)?.item.subject === `issue-${issueNumber}`);
  const requests = { before: world.model.requests.slice(asked, askedBefore), after: world.model.requests.slice(askedBefore) };
  return { issueNumber, first: hit.runId, artifacts, resumed: await countRepeated(hit, artifacts), asked: requests };
}

/** A conversation by what it began with, and how many answers of the model a request of it carries. */
function placeOf({ body }: SeenRequest): string {
  const messages = body?.messages ?? [];
  const conversation = sha256Hex(canonicalJson(JSON.parse(JSON.stringify([body?.system, messages[0]]))));
  return `${conversation} ${messages.filter(({ role }) => role === "assistant").length}`;
}

describe.each(CASES)("fault 37, 38: the $what is killed at event $at", (each) => {
  let played: Played;
  beforeAll(async () => {
    played = await play(each);
  });

  test("the App goes on by itself, once, and the run that goes on says from what", () => {
    expect(world.runs(played.issueNumber)).toHaveLength(2);
    const second = world.runs(played.issueNumber)[1]?.id ?? 0;
    if (played.resumed.savedEvents > 0) expect(world.log(second, "agent")).toContain(`Going on from run ${played.first}:`);
    if (each.what === "process") expect(played.resumed.savedEvents).toBe(played.resumed.killedAtEvent);
  });

  test("no turn and no tool call that was saved is done again; what is, is at most a step", async () => {
    const { resumed, asked } = played;
    expect(resumed).toMatchObject({ repeatedSavedTurns: 0, repeatedSavedToolCalls: 0 });
    expect(resumed.repeatedTurns).toBeLessThanOrEqual(4);
    // The same by what the model's server saw.
    const stored = await savedJournal(played.artifacts.filter(({ runId }) => runId === played.first));
    const savedTurns = eventsOf([...stored.streams.values()].flat(), "turn_completed").length;
    const known = new Set(asked.before.slice(0, savedTurns).map(placeOf));
    expect(asked.after.map(placeOf).filter((place) => known.has(place))).toEqual([]);
  });

  test("I1: what was saved stands at the beginning of the whole journal, and each turn was completed once", async () => {
    const stored = await savedJournal(played.artifacts.filter(({ runId }) => runId === played.first));
    const whole = await savedJournal(played.artifacts);
    for (const [stream, events] of stored.streams) expect(whole.streams.get(stream)?.slice(0, events.length)).toEqual(events);
    const turns = [...whole.streams].flatMap(([stream, events]) => eventsOf(events, "turn_completed").map(({ data }) => `${stream} ${data.turn}`));
    expect(new Set(turns).size).toBe(turns.length);
  });

  test("the pull request is right, and it is the only one", async () => {
    const branch = `worktrain/issue-${played.issueNumber}-1`;
    const pulls = [...world.github.state().issues.values()].filter(isPull).filter(({ pull }) => pull.head.ref === branch);
    expect(pulls).toHaveLength(1);
    const sha = pulls[0]?.pull.head.sha ?? "";
    expect(await git(`${world.directory}/repo.git`, ["diff", "--name-only", "main", sha])).toBe("src/format.js");
    expect(await git(`${world.directory}/repo.git`, ["show", `${sha}:src/format.js`])).toContain("Math.round(exactSeconds)");
    expect(world.statusComments(played.issueNumber)).toHaveLength(1);
    expect(world.statusComments(played.issueNumber)[0]).toMatch(/made pull request #\d+/);
  });
});
