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
        expiresAt: "2026-01-02T00:00:00.000Z",
      },
    });
    expect(decodeTask(String(inputs["task"]))).toEqual({ ok: true, value: { title: "Fix the sum", body: "It is off by one." } });
    expect(parseStatusMarker(body())).toMatchObject({ attempt: 1, key: inputs["key"], state: "waiting", runId });
    expect(body()).toContain(`https://github.example/runs/${runId}`);
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
  ])("%s: one comment, nothing runs; mended and labelled again it is attempt 1", async (_, break_, cure) => {
    const { world, label, clock, body } = labelScene();
    const whole = { config: world.config, workflow: world.workflow, archived: false };
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
