/** `worktrain verify RUN` against a local GitHub: what GitHub and signatures vouch for, and what it says when they do not. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assembleSegments, createSegmentSaver, openDirectoryJournal, seedDirectory } from "../../../src/journal/index.ts";
import { itemStream, parseItemId } from "../../../src/record/index.ts";
import { nodeFileSystem } from "../../../src/shared/node-ports.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { makeTicket } from "../../fakes/tickets.ts";
import { artifactStore, hastyClock, numberIn, startWorld, type Item, type ItemWish, type World } from "../runner/deliver/world.ts";
import { shell, type Ran, type Shell } from "./in-process.ts";

let world: World;
let cli: Shell;
beforeAll(async () => {
  world = await startWorld();
  cli = shell({ data: "/nonexistent", world: { clock: hastyClock }, environment: { github: { apiUrl: world.github.url, token: world.maintainer } } });
});
afterAll(() => world.close());

const verify = async (item: Item, ...more: readonly string[]): Promise<Ran> => cli.run("verify", String(item.runId), "--repository", "acme/sums", ...more);
const untrue = ({ data }: Ran): readonly string[] => data.attested.flatMap(({ what, ok }: { readonly what: string; readonly ok: boolean }) => (ok ? [] : [what]));

test("a run as it should be: origin, digests and ticket are vouched for, by its number and by its address", async () => {
  const item = await world.item();
  const told = await verify(item);
  expect(told).toMatchObject({ exitCode: 0, data: { ok: true, faults: [] } });
  expect(told.data.attested).toEqual([
    { what: `run ${item.runId} was dispatched from .github/workflows/worktrain.yml on main of acme/sums`, ok: true, by: "GitHub" },
    { what: `it is run ${item.runId} of item ${item.ticket.item}, first attempt`, ok: true, by: "GitHub" },
    { what: `the ticket of run ${item.runId} is signed with the key in .github/workflows/worktrain.yml, and is of this item and run`, ok: true, by: "signature" },
  ]);
  expect(told.text).toContain("(signature)");
  expect((await cli.run("verify", `${world.github.url}/acme/sums/actions/runs/${item.runId}/attempts/1`)).data).toEqual(told.data);
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "mona"));
});

test("what the deliver job added is looked at too, and a run that went on from an earlier one with what that one saved", async () => {
  const item = await world.item();
  await item.deliver();
  expect(await verify(item)).toMatchObject({ exitCode: 0, data: { ok: true, faults: [] } });

  // A lost run, and a second one that goes on from its segments.
  const lost = await world.item({ lost: true });
  const first = [...world.github.state().artifacts.values()].filter(({ runId }) => runId === lost.runId);
  const joined = assembleSegments(first.map(({ bytesPath, digest }) => ({ bytes: readFileSync(bytesPath), digest })));
  if (!joined.ok) throw new Error(joined.error.message);
  const place = mkdtempSync(join(tmpdir(), "worktrain-second-run-"));
  await seedDirectory({ directory: join(place, "journal"), fs: nodeFileSystem, assembled: joined.value });
  const journal = await openDirectoryJournal({ directory: join(place, "journal"), fs: nodeFileSystem, clock: hastyClock });
  const inputs = { key: lost.ticket.key, item: lost.ticket.item, ticket: lost.ticketText, task: "x" };
  const runId = numberIn(await world.call(world.maintainer, "POST", "/actions/workflows/worktrain.yml/dispatches", { ref: "main", inputs, return_run_details: true }), "workflow_run_id");
  world.github.actions.setRunName(runId, `WorkTrain ${lost.ticket.item} ${lost.ticket.key}`);
  await journal.append(itemStream(lost.ticket.item), await journal.head(itemStream(lost.ticket.item)), [{ kind: "run_opened", data: { host: "actions", runId, runAttempt: 1, key: lost.ticket.key, ticket: lost.ticketText, sandbox: "bubblewrap", restored: "all", segments: [...joined.value.digests] } }]);
  const name = parseItemId(lost.ticket.item) ?? expect.fail("no item");
  const saver = createSegmentSaver({ journal, store: artifactStore(world.github, runId, place), item: name, runId, runAttempt: 1, previous: joined.value.digests.at(-1) ?? null });
  await saver.save({ phase: "review", step: "end", costMilliUsd: 1, ending: "ready" });
  await journal.close();
  const second = await cli.run("verify", String(runId), "--repository", "acme/sums");
  expect(second).toMatchObject({ exitCode: 0, data: { ok: true, lines: joined.value.lines.length + 1 } });
  expect(second.data.attested.map(({ what }: { readonly what: string }) => what)).toEqual(expect.arrayContaining([expect.stringContaining(`the ticket of run ${lost.runId} is signed`), expect.stringContaining(`the ticket of run ${runId} is signed`)]));
  rmSync(place, { recursive: true, force: true });
});

describe("what is not vouched for", () => {
  test.each<readonly [string, ItemWish, RegExp]>([
    ["a ticket of another item", { tamper: (_, events) => events.map((event) => (event.kind === "run_opened" ? { ...event, data: { ...event.data, ticket: makeTicket({ item: "7/issue-99/1" }).ticketText } } : event)) }, /cannot be vouched for: it is of item 7\/issue-99\/1/],
    ["a ticket whose time was over", { ticket: { expiresAt: "2020-01-01T00:00:00Z" } }, /cannot be vouched for: .*its ticket ended at 2020/],
    ["a ticket that somebody else signed", { tamper: (_, events) => events.map((event) => (event.kind === "run_opened" ? { ...event, data: { ...event.data, ticket: `${(event.data.ticket ?? "").slice(0, -4)}AAAA` } } : event)) }, /cannot be vouched for: .*not signed with the key|cannot be vouched for: .*is not a ticket/],
    ["no ticket", { tamper: (_, events) => events.map((event) => (event.kind === "run_opened" ? { ...event, data: { ...event.data, ticket: null } } : event)) }, /cannot be vouched for: the run had none/],
    ["a run that is named otherwise", { runName: "Train" }, /of item \(none\)/],
  ])("%s", async (_, wish, words) => {
    const told = await verify(await world.item(wish));
    expect(told).toMatchObject({ exitCode: 1, data: { ok: false } });
    expect(untrue(told).join("\n")).toMatch(words);
  });

  test("an artifact with other bytes than its digest says is named, and what stands before it can be salvaged", async () => {
    const item = await world.item();
    const artifacts = [...world.github.state().artifacts.values()].filter(({ runId }) => runId === item.runId);
    const [last] = artifacts.slice(-1);
    if (last === undefined) throw new Error("The run has no artifact.");
    writeFileSync(last.bytesPath, "other bytes");
    const told = await verify(item);
    expect(told).toMatchObject({ exitCode: 1, data: { faults: [{ file: `artifact ${last.id} (${last.name})`, reason: expect.stringContaining("in 3 downloads") }] } });
    expect(told.data.salvage.lines).toBeGreaterThan(10);
  });

  test("no such run, no such repository, no token, no address: one line each", async () => {
    expect(await cli.refusal("verify", "99999", "--repository", "acme/sums")).toContain("GitHub shows no run 99999 in acme/sums");
    expect(await cli.refusal("verify", "99999", "--repository", "acme/nope")).toContain("GitHub shows no repository acme/nope");
    expect(await cli.refusal("verify", "99999", "--repository", "../..")).toContain("is no name of a repository");
    expect(await cli.refusal("verify", "https://example.org/acme/sums/actions/runs/1")).toContain("is no address of a run");
    const nameless = shell({ data: "/nonexistent", environment: { github: { apiUrl: world.github.url, token: "" } } });
    expect(await nameless.refusal("verify", "1", "--repository", "acme/sums")).toContain("GITHUB_TOKEN is not set");
    const stranger = shell({ data: "/nonexistent", environment: { github: { apiUrl: world.github.url, token: "ghp_000000000000000000000000000000000000" } } });
    expect(await stranger.refusal("verify", "1", "--repository", "acme/sums")).toContain("GitHub answered 401: Bad credentials. Set GITHUB_TOKEN");
  });
});
