import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { createEffectRunner } from "../../src/github/write/index.ts";
import { registerHandlers, type Delivery, type Webhooks } from "../../src/hosts/app/handlers.ts";
import { createEditBudget } from "../../src/hosts/app/runs/edit-budget.ts";
import { createRunFollower } from "../../src/hosts/app/runs/run-follower.ts";
import { createSubjectQueue } from "../../src/hosts/app/subject-queue.ts";
import { fakeClock } from "../fakes/clock.ts";
import fc from "../fakes/fast-check.ts";
import { APP_ID, person, smallWorld } from "../fakes/small-world.ts";
import { TICKET_KEY } from "../hosts/app/label-scene.ts";

const MUTATIONS = 20_000;

interface Example {
  readonly name: string;
  readonly payload: Record<string, unknown>;
}

/** Every example payload GitHub publishes, as if it came from the installation and the repository of the world. */
const examples: readonly Example[] = (createRequire(import.meta.url)("@octokit/webhooks-examples") as { name: string; examples: object[] }[]).flatMap(({ name, examples: payloads }) =>
  payloads.map((payload) => ({ name, payload: { ...payload, installation: { id: 1 }, repository: { id: 99, name: "shop", full_name: "acme/shop", owner: { login: "acme" } } } })),
);

/** What could make the App act, in the wrong place. */
const words = fc.constantFrom<unknown>("worktrain:ready", "/worktrain approve", "/worktrain resume", "labeled", "created", "deleted", "requested", "completed", "workflow_dispatch", ".github/workflows/worktrain.yml", "WorkTrain 99/issue-12/1 0123456789abcdef", "keeper", 77, 12, 99);
const oddities = fc.constantFrom<unknown>(null, true, -1, 0, 1e308, 2 ** 53, "", "\u0000", "x".repeat(70_000), [], {}, [[[[]]]], { toString: "x" }, { login: "keeper", id: 77 }, { name: "worktrain:ready" }, JSON.parse('{"__proto__": {"id": 1}}'));

interface Mutation {
  readonly example: number;
  readonly action: unknown;
  readonly changes: readonly { readonly at: number; readonly value: unknown; readonly remove: boolean }[];
}

/** The events the App hears: half of the mutations are of these. */
const heardOf = examples.flatMap(({ name }, index) => (["issues", "issue_comment", "workflow_run"].includes(name) ? [index] : []));

const mutation: fc.Arbitrary<Mutation> = fc.record({
  example: fc.oneof(fc.nat(examples.length - 1), fc.constantFrom(...heardOf)),
  action: fc.option(words, { freq: 1 }),
  changes: fc.array(fc.record({ at: fc.nat(), value: fc.oneof(words, oddities), remove: fc.boolean() }), { maxLength: 4 }),
});

/** Every place in a payload that can be changed: the object and the key. */
function places(value: unknown, found: [Record<string, unknown>, string][] = []): [Record<string, unknown>, string][] {
  if (typeof value !== "object" || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push([value as Record<string, unknown>, key]);
    places((value as Record<string, unknown>)[key], found);
  }
  return found;
}

function mutate({ example, action, changes }: Mutation): Example {
  const { name, payload } = structuredClone(examples[example] as Example);
  if (action !== null) payload["action"] = action;
  for (const { at, value, remove } of changes) {
    const all = places(payload);
    const [holder, key] = all[at % Math.max(1, all.length)] ?? [];
    if (holder === undefined || key === undefined) continue;
    if (remove) delete holder[key];
    else holder[key] = value;
  }
  return { name, payload };
}

/** The App's handlers without HTTP: who may start work is `keeper`, and nobody else may do anything. */
function scene() {
  const clock = fakeClock();
  const world = smallWorld(() => new Date(clock.nowMs()).toISOString());
  const keeper = person("admin", "admin", "User", 77);
  world.permission = (parameters) => (parameters["username"] === "keeper" ? keeper(parameters) : person("read")(parameters));
  const errors: unknown[] = [];
  const log = { info: () => undefined, warn: () => undefined, error: (error: unknown) => void errors.push(error) };
  const queue = createSubjectQueue(log);
  const follower = createRunFollower({ clock, log, pollMs: 1_000 });
  const handlers = new Map<string, ((delivery: Delivery) => void)[]>();
  const webhooks: Webhooks = {
    on: (events, handler) => [events].flat().forEach((event) => handlers.set(event, [...(handlers.get(event) ?? []), handler])),
  };
  registerHandlers(webhooks, { clock, log, queue, follower, effects: createEffectRunner({ clock }), author: { appId: APP_ID, botLogin: null }, ticketKeyPem: TICKET_KEY, dashboards: new Set(), edits: createEditBudget(clock), slug: () => Promise.resolve("our-train"), workflow: { template: "", action: null, publicKey: "" } });
  const installation: Delivery["installation"] = { request: world.github.request.bind(world.github), renew: () => Promise.resolve({}) };
  return {
    world,
    errors,
    queue,
    follower,
    /** As Probot does: by the event's name and its action. */
    deliver({ name, payload }: Example, nth: number): number {
      const action = payload["action"];
      const heard = typeof action === "string" ? (handlers.get(`${name}.${action}`) ?? []) : [];
      for (const handler of heard) handler({ id: `delivery-${nth}`, payload, installation });
      return heard.length;
    },
    writes: () => world.github.sent.filter(({ route }) => !route.startsWith("GET ") && route !== "POST /graphql"),
  };
}

describe("attack 3: is a delivery that is not what it should be acted on?", () => {
  it(`all ${examples.length} example payloads and ${MUTATIONS.toLocaleString("en")} mutations of them: no handler throws, nothing is written`, async () => {
    const { deliver, errors, queue, writes, world, follower } = scene();
    let heard = 0;
    for (const [nth, example] of examples.entries()) heard += deliver(structuredClone(example), nth);
    for (const [nth, each] of fc.sample(mutation, MUTATIONS).entries()) {
      const delivery = mutate(each);
      // The one person who may: then it is no wrong action. The other test has those.
      if (JSON.stringify(delivery.payload["sender"] ?? null).includes("keeper")) continue;
      heard += deliver(delivery, nth);
      if (nth % 100 === 0) await queue.idle();
    }
    await queue.idle();
    await follower.stop();
    expect(examples.length).toBeGreaterThan(300);
    // The mutations do reach the handlers and, through them, GitHub.
    expect(heard).toBeGreaterThan(MUTATIONS / 20);
    expect(world.github.sent.length).toBeGreaterThan(0);
    expect(errors).toEqual([]);
    expect(writes()).toEqual([]);
  });

  it("mutations of a label that a maintainer really set: one dispatch for that issue, or none", async () => {
    const labelled = { action: "labeled", installation: { id: 1 }, repository: { id: 99, name: "shop", owner: { login: "acme" } }, label: { name: "worktrain:ready" }, issue: { number: 12, title: "Sum is wrong", body: "1 + 1 gives 0", updated_at: "2026-01-01T00:00:00Z" }, sender: { login: "keeper", id: 77 } };
    await fc.assert(
      fc.asyncProperty(mutation, async ({ changes }) => {
        const { deliver, errors, queue, world, follower } = scene();
        const payload: Record<string, unknown> = structuredClone(labelled);
        for (const { at, value, remove } of changes) {
          const all = places(payload);
          const [holder, key] = all[at % Math.max(1, all.length)] ?? [];
          if (holder === undefined || key === undefined) continue;
          if (remove) delete holder[key];
          else holder[key] = value;
        }
        deliver({ name: "issues", payload }, 1);
        deliver({ name: "issues", payload }, 1);
        await queue.idle();
        await follower.stop();
        expect(errors).toEqual([]);
        expect(world.dispatches.length).toBeLessThanOrEqual(1);
        for (const { item } of world.dispatches) expect([item, payload["repository"]]).toEqual([`99/issue-${(payload["issue"] as { number: number }).number}/1`, expect.objectContaining({ id: 99 })]);
      }),
      { numRuns: 500 },
    );
  });
});
