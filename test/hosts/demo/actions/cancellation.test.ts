import { afterEach, describe, expect, test } from "vitest";
import type { LocalActionsEvent } from "../../../../src/hosts/demo/actions/index.ts";
import { isAlive } from "../../../../src/hosts/demo/actions/process-tree.ts";
import { fakeClock } from "../../../fakes/clock.ts";
import { oneJob, openWorld, PINNED, workflow, type World } from "./world.ts";

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const STUBBORN = `acme/tools/stubborn@${PINNED}`;
const logged = (text: string | RegExp) => (event: LocalActionsEvent) =>
  event.kind === "log" && (typeof text === "string" ? event.text === text : text.test(event.text));
const childOf = (lines: readonly string[]): number => Number(/^child=(\d+)$/m.exec(lines.join("\n"))?.[1]);

describe("a cancelled run", () => {
  test("its process gets SIGINT, after 7.5 s SIGTERM, after 2.5 s more the whole tree ends, then post runs", async () => {
    const clock = fakeClock();
    world = await openWorld({ clock });
    const { dispatch, actions, port, log, seen } = world;
    const id = dispatch(oneJob(`- uses: ${STUBBORN}\n- run: echo never\n- run: echo always\n  if: always()`));
    await seen(logged(/^child=/));
    const child = childOf(log("only"));
    actions.cancel(id);
    await seen(logged("got SIGINT"));
    await clock.advance(7_499);
    expect(log("only")).not.toContain("got SIGTERM");
    await clock.advance(1);
    await seen(logged("got SIGTERM"));
    await clock.advance(2_499);
    expect(isAlive(child)).toBe(true);
    await clock.advance(1);
    await actions.idle();
    await expect.poll(() => isAlive(child)).toBe(false);
    expect(log("only").slice(-4)).toEqual(["The operation was canceled.", "always", "post ran", "Complete job"]);
    expect(port.jobs[0]?.conclusion).toBe("cancelled");
    expect(port.runs.get(id)?.conclusion).toBe("cancelled");
  });

  test("a job with always() goes on, one without is not started", async () => {
    world = await openWorld();
    const { dispatch, actions, port, log, seen } = world;
    const id = dispatch(
      workflow(`
  long:
    runs-on: ubuntu-latest
    steps:
      - run: echo waiting; exec sleep 600
  plain:
    runs-on: ubuntu-latest
    needs: long
    steps:
      - run: echo never
  last:
    runs-on: ubuntu-latest
    needs: long
    if: \${{ always() }}
    steps:
      - run: echo "long was \${{ needs.long.result }}"
`),
    );
    await seen(logged("waiting"));
    actions.cancel(id);
    await actions.idle();
    expect(log("last")).toContain("long was cancelled");
    expect(port.jobs.map(({ name, conclusion }) => [name, conclusion])).toEqual(expect.arrayContaining([["long", "cancelled"], ["plain", "cancelled"], ["last", "success"]]));
    expect(port.runs.get(id)?.conclusion).toBe("cancelled");
  });
});

test("a job out of time is cancelled and says so", async () => {
  const clock = fakeClock();
  world = await openWorld({ clock });
  const { dispatch, actions, port, log, seen } = world;
  const id = dispatch(oneJob("- run: echo waiting; exec sleep 600", "timeout-minutes: 3"));
  await seen(logged("waiting"));
  await clock.advance(3 * 60_000);
  await actions.idle();
  expect(port.runs.get(id)?.conclusion).toBe("cancelled");
  expect(log("only")).toContain("The job has exceeded the maximum execution time of 3 minutes.");
});

test("five minutes after the cancellation what still runs is ended by force", async () => {
  const clock = fakeClock();
  world = await openWorld({ clock });
  const { dispatch, actions, port, seen } = world;
  const id = dispatch(oneJob("- run: echo waiting; exec sleep 600\n- run: echo again; exec sleep 600\n  if: always()\n- run: echo never\n  if: always()"));
  await seen(logged("waiting"));
  actions.cancel(id);
  await seen(logged("again"));
  await clock.advance(5 * 60_000);
  await actions.idle();
  expect(port.runs.get(id)?.conclusion).toBe("cancelled");
});

test("closing ends every process and every run", async () => {
  world = await openWorld();
  const { dispatch, actions, port, log, seen } = world;
  const head = "concurrency: { group: a, queue: max }\n";
  const job = `  only:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ${STUBBORN}\n`;
  const ids = [dispatch(workflow(job, head)), dispatch(workflow(job, head))];
  await seen(logged(/^child=/));
  await actions.close();
  await expect.poll(() => isAlive(childOf(log("only")))).toBe(false);
  expect(ids.map((id) => port.runs.get(id))).toEqual([1, 2].map(() => ({ status: "completed", conclusion: "cancelled" })));
  expect(log("only")).not.toContain("post ran");
});
