import { describe, expect, it } from "vitest";
import { decodeTask, publicTicketKey, verifyTicket } from "../../../src/github/trust/index.ts";
import { parseStatusMarker } from "../../../src/report/status-marker.ts";
import { requestError } from "../../fakes/github.ts";
import type { SmallWorld } from "../../fakes/small-world.ts";
import { DISPATCH, labelScene, TICKET_KEY } from "./label-scene.ts";

describe("what does a label come to?", () => {
  it("one reaction, one status comment, one run with a ticket that holds and the text as labelled", async () => {
    const { world, label, body } = labelScene();
    const runId = await label();
    expect([world.reactions, world.ownComments().length, world.dispatches.length]).toEqual([1, 1, 1]);
    const inputs = world.dispatches[0] ?? {};
    const ticket = verifyTicket(String(inputs["ticket"]), publicTicketKey(TICKET_KEY), { runCreatedAt: "2026-01-01T00:00:00Z" });
    expect(ticket).toMatchObject({
      ok: true,
      value: {
        key: inputs["key"],
        item: "99/issue-12/1",
        repositoryId: 99,
        issueNumber: 12,
        base: { ref: "main", sha: "b".repeat(40) },
        trigger: { actor: { login: "octocat", id: 42 }, verdict: "write", id: "d-1" },
        caps: { turns: 300, costUsd: 10 },
        policy: { mode: "auto", confirm: "risky" },
        expiresAt: "2026-01-02T00:00:00.000Z",
      },
    });
    expect(decodeTask(String(inputs["task"]))).toEqual({ ok: true, value: { title: "Fix the sum", body: "It is off by one." } });
    expect(parseStatusMarker(body())).toMatchObject({ attempt: 1, key: inputs["key"], state: "waiting", runId });
    expect(body()).toContain(`https://github.example/runs/${runId}`);
  });

  it("the ticket names what was written before it, so that the run's first event tells it", async () => {
    const { world, label } = labelScene();
    await label();
    const read = () => verifyTicket(String(world.dispatches.at(-1)?.["ticket"]), publicTicketKey(TICKET_KEY), { runCreatedAt: "2026-01-01T00:00:00Z" });
    expect(read()).toMatchObject({ ok: true, value: { wrote: { reaction: "1", comment: String(world.ownComments()[0]?.id) } } });
    const other = labelScene();
    other.world.fault = (route) => {
      if (route.endsWith("/reactions")) throw requestError(403, "no");
    };
    await other.label();
    expect(verifyTicket(String(other.world.dispatches[0]?.["ticket"]), publicTicketKey(TICKET_KEY), { runCreatedAt: "2026-01-01T00:00:00Z" })).toMatchObject({ value: { wrote: { reaction: null } } });
  });

  it("nothing is read twice: one query, the permission, the runs, and three writes and the link", async () => {
    const { world, label } = labelScene();
    await label();
    expect(world.github.sent.map(({ route }) => route.replace("/repos/{owner}/{repo}", ""))).toEqual([
      "POST /graphql",
      "GET /collaborators/{username}/permission",
      "GET /actions/workflows/{workflow_id}/runs",
      "POST /issues/{issue_number}/reactions",
      "POST /issues/{issue_number}/comments",
      "POST /actions/workflows/{workflow_id}/dispatches",
      "PATCH /issues/comments/{comment_id}",
    ]);
  });

  it("fault 45: where a comment with our marker is not shown as ours, or not all are shown, REST says which App wrote it", async () => {
    const { world, label, end, clock } = labelScene();
    await label();
    await end("success");
    const [own] = world.ownComments();
    const filler = Array.from({ length: 120 }, (_, index) => ({ id: index + 1, body: "talk", appId: null, login: "someone" }));
    const forged = { id: 500, body: own?.body ?? "", appId: null, login: "mallory" };
    for (const others of [[forged], filler]) {
      world.comments = [...others, ...world.ownComments()];
      const before = world.github.count("GET /repos/{owner}/{repo}/issues/{issue_number}/comments");
      await clock.advance(60_000);
      await label();
      expect(world.github.count("GET /repos/{owner}/{repo}/issues/{issue_number}/comments")).toBeGreaterThan(before);
      await end("success");
    }
    expect([world.ownComments().length, world.dispatches.length, world.comments.some(({ id }) => id === 500)]).toEqual([1, 3, false]);
  });

  it("I2: two replicas that handle one label at the same moment: one run counts, and the next look leaves one comment", async () => {
    const { world, label, end, body } = labelScene();
    await Promise.all([label(), label()]);
    expect(world.ownComments().length).toBeGreaterThanOrEqual(1);
    for (const run of world.runs) run.status = "in_progress";
    await end("cancelled");
    expect(world.ownComments()).toHaveLength(1);
    expect(new Set(world.dispatches.map((inputs) => inputs["key"])).size).toBe(1);
    expect(body()).toContain("was cancelled");
  });

  it("fault 25: the same delivery again, while it runs and after it ended, starts nothing", async () => {
    const { world, label, end } = labelScene();
    const labelledAt = "2026-01-01T00:00:00.000Z";
    await label({ labelledAt });
    await label({ labelledAt });
    await end("failure");
    await label({ labelledAt });
    expect(world.dispatches).toHaveLength(1);
  });

  it("I4: a run that was dispatched is never told as one that could not be, though its place could not be told", async () => {
    const { world, label, end, body } = labelScene();
    world.fault = (route) => {
      if (route.startsWith("PATCH ") && world.dispatches.length === 1) throw requestError(422, "no");
    };
    await label();
    expect(world.dispatches).toHaveLength(1);
    expect(parseStatusMarker(body())?.state).toBe("starting");
    world.fault = null;
    await end("cancelled");
    expect(body()).toContain("was cancelled");
  });

  it("fault 26: after the end a new label is attempt 2, in the same comment", async () => {
    const { world, label, end, clock, body } = labelScene();
    await label();
    const [run] = world.runs;
    world.artifacts.push({ id: 70, name: `worktrain.99.issue-12.1.r${run?.id}.a1.0005.code.end.m12.tests-red` });
    await end("success");
    expect(body()).toContain("the tests stay red");
    await clock.advance(60_000);
    await label();
    expect(world.dispatches.map((inputs) => inputs["item"])).toEqual(["99/issue-12/1", "99/issue-12/2"]);
    expect(world.ownComments()).toHaveLength(1);
    expect(body()).toContain("attempt 2");
  });

  it("fault 38: after a cancelled or lost run a new label goes on with the same attempt, in a run of its own", async () => {
    const { world, label, end, clock, body } = labelScene();
    await label();
    await end("cancelled");
    expect(body()).toContain("To go on from what is saved");
    await clock.advance(60_000);
    await label();
    expect(world.dispatches.map((inputs) => inputs["item"])).toEqual(["99/issue-12/1", "99/issue-12/1"]);
    expect(new Set(world.dispatches.map((inputs) => inputs["key"])).size).toBe(2);
    expect(world.ownComments()).toHaveLength(1);
  });

  it("a run whose end nobody heard of does not block the next label", async () => {
    const { world, label, clock } = labelScene();
    await label();
    for (const run of world.runs) run.status = "completed";
    await clock.advance(60_000);
    await label();
    expect(world.dispatches).toHaveLength(2);
  });

  it("attempts are counted from the runs when somebody deleted our comment", async () => {
    const { world, label, end, clock } = labelScene();
    await label();
    await end("success");
    world.comments = [];
    await clock.advance(60_000);
    await label();
    expect(world.dispatches.at(-1)).toMatchObject({ item: "99/issue-12/2" });
  });

  it("an App that stopped between comment and dispatch goes on with the same key", async () => {
    const { world, label, settle } = labelScene();
    world.fault = (route) => {
      if (route === DISPATCH) throw new Error("killed");
    };
    await expect(label()).rejects.toThrow("killed");
    world.fault = null;
    await settle(label());
    expect(world.dispatches).toHaveLength(1);
    expect(world.ownComments()).toHaveLength(1);
  });

  it("fault 32: the App stopped after the dispatch and before it said so: no second run", async () => {
    const { world, label } = labelScene();
    let patches = 0;
    world.fault = (route) => {
      if (route.startsWith("PATCH") && (patches += 1) === 1) throw new Error("killed");
    };
    await expect(label()).rejects.toThrow("killed");
    await label();
    expect(world.dispatches).toHaveLength(1);
  });

  it("a refused reaction does not stop the work", async () => {
    const { world, label } = labelScene();
    world.fault = (route) => {
      if (route.endsWith("/reactions")) throw requestError(403, "no");
    };
    expect(await label()).not.toBeNull();
  });
});

describe("does a refusal say what to do, once?", () => {
  it.each<[string, (world: SmallWorld) => void, string]>([
    ["no configuration", (world) => (world.config = null), "Add the file"],
    ["a broken configuration", (world) => (world.config = "labell: x\n"), "Did you mean `label`?"],
    ["no workflow file", (world) => (world.workflow = null), "templates/worktrain.yml"],
    ["the template's placeholders", (world) => (world.workflow = "uses: __ACTION__"), "public key"],
    ["an archived repository", (world) => (world.archived = true), "Unarchive"],
    ["`enabled: false`", (world) => (world.config = "enabled: false\n"), "enabled: false"],
    ["the label that stops everything", (world) => (world.stoppedBy = 3), "off #3"],
  ])("%s: one comment, nothing runs; mended and labelled again it is attempt 1", async (_, break_, cure) => {
    const { world, label, clock, body } = labelScene();
    const whole = { config: world.config, workflow: world.workflow, archived: false, stoppedBy: null };
    break_(world);
    await label();
    await label();
    expect(world.ownComments()).toHaveLength(1);
    expect(body().replaceAll("\u2060", "")).toContain(cure);
    expect(world.dispatches).toHaveLength(0);
    Object.assign(world, whole);
    await clock.advance(60_000);
    await label();
    expect(world.dispatches).toMatchObject([{ item: "99/issue-12/1" }]);
    expect(world.ownComments()).toHaveLength(1);
    expect(body()).toContain("working on this");
  });

  it("fault 38: an attempt that was interrupted waits on where a label is refused meanwhile; the next one goes on with it, in a run of its own", async () => {
    const { world, label, end, clock, body } = labelScene();
    await label();
    await end("cancelled");
    const { config } = world;
    world.config = "enabled: false\n";
    for (let times = 0; times < 2; times += 1) {
      await clock.advance(60_000);
      await label();
    }
    expect(body()).toContain("did not start");
    world.config = config;
    await clock.advance(60_000);
    await label();
    expect(world.dispatches.map((inputs) => inputs["item"])).toEqual(["99/issue-12/1", "99/issue-12/1"]);
    expect(new Set(world.dispatches.map((inputs) => inputs["key"])).size).toBe(2);
    expect(body()).toContain("working on this");
  });

  it.each([
    [403, "Event 'workflow_dispatch' is not allowed to trigger Actions workflows"],
    [404, "Not Found"],
    [422, "Unexpected inputs provided"],
  ])("fault 33: a dispatch refused with %i is told in the status comment", async (status, said) => {
    const { world, label, body } = labelScene();
    world.fault = (route) => {
      if (route === DISPATCH) throw requestError(status, said);
    };
    expect(await label()).toBeNull();
    expect(world.github.count(DISPATCH)).toBe(1);
    expect(body()).toContain("did not start");
    expect(body()).toContain(said);
  });

  it("an outage at the dispatch is told too, and labelling again works", async () => {
    const { world, label, settle, clock, body } = labelScene();
    world.fault = (route) => {
      if (route === DISPATCH) throw requestError(503, "Unavailable");
    };
    await settle(label());
    expect(body()).toContain("did not start");
    world.fault = null;
    await clock.advance(60_000);
    await settle(label());
    expect(world.dispatches).toHaveLength(1);
  });
});
