import { describe, expect, it } from "vitest";
import { requestError } from "../fakes/github.ts";
import { person } from "../fakes/small-world.ts";
import { labelScene } from "../hosts/app/label-scene.ts";

describe("attack 1: who can make it move?", () => {
  it.each([
    ["a reader", person("read")],
    ["nobody's collaborator", () => { throw requestError(404, "Not Found"); }],
    ["a bot with admin rights", person("admin", "admin", "Bot")],
    ["somebody who took over the login", person("admin", "admin", "User", 43)],
    ["a custom role that may only read", person("helper", "read")],
  ])("%s: no run, no comment, no reaction", async (_, permission) => {
    const { world, label } = labelScene();
    world.permission = permission;
    await label();
    expect([world.dispatches.length, world.comments.length, world.reactions]).toEqual([0, 0, 0]);
  });

  it("triage: nothing runs, one explanation however often they try, never over the status of real work", async () => {
    const { world, label, clock, body } = labelScene();
    world.permission = person("triage", "read");
    await label();
    await label();
    expect(world.ownComments()).toHaveLength(1);
    expect(body()).toContain("triage role");
    world.permission = person("write");
    await clock.advance(60_000);
    await label();
    const working = body();
    world.permission = person("triage", "read");
    await clock.advance(60_000);
    await label();
    expect(body()).toBe(working);
    expect(world.dispatches).toHaveLength(1);
  });

  it.each([500, 503, 403])("the permission check answered with %i is a no", async (status) => {
    const { world, label } = labelScene();
    world.permission = () => {
      throw requestError(status, "no");
    };
    await label();
    expect([world.dispatches.length, world.reactions]).toEqual([0, 0]);
  });

  it("fault 27: the label is gone or the issue closed by the time it is looked at", async () => {
    const { world, label } = labelScene();
    world.issue.labels = [];
    await label();
    world.issue.labels = ["worktrain:ready"];
    world.issue.state = "closed";
    await label();
    expect([world.dispatches.length, world.comments.length]).toEqual([0, 0]);
  });

  it("attack 3: a repository that meanwhile is another one under the old name is left alone", async () => {
    const { world, label } = labelScene();
    world.repositoryId = 100;
    await label();
    expect([world.dispatches.length, world.comments.length]).toEqual([0, 0]);
  });

  it("attack 4: fifty toggles of the label are one run and one comment", async () => {
    const { world, label, clock } = labelScene();
    for (let toggle = 0; toggle < 50; toggle += 1) {
      await label({}, `d-${toggle}`);
      await clock.advance(1_000);
    }
    expect([world.dispatches.length, world.ownComments().length, world.reactions]).toEqual([1, 1, 1]);
  });
});
