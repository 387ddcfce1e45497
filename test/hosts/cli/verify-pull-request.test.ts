/** `worktrain verify PR` against a local GitHub: a pull request as it was made, and each way in which one can have been tampered with. */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assembleSegments } from "../../../src/journal/index.ts";
import { decodeSegment, encodeSegment } from "../../../src/journal/segment.ts";
import { itemStream } from "../../../src/record/index.ts";
import { sha256Hex } from "../../../src/shared/hash.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { hastyClock, startWorld, type Item, type ItemWish, type World } from "../runner/deliver/world.ts";
import { shell, type Ran, type Shell } from "./in-process.ts";

let world: World;
let cli: Shell;
beforeAll(async () => {
  world = await startWorld();
  cli = shell({ data: "/nonexistent", world: { clock: hastyClock }, environment: { github: { apiUrl: world.github.url, token: world.maintainer } } });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "mona"));
  await world.close();
});

interface Delivered extends Item {
  readonly number: number;
  readonly body: string;
  readonly headSha: string;
}

async function delivered(wish: ItemWish = {}): Promise<Delivered> {
  const item = await world.item(wish);
  const { exitCode, summary } = await item.deliver();
  expect({ exitCode, summary }).toMatchObject({ exitCode: 0 });
  const [pull] = (await item.seen()).pulls;
  if (pull === undefined) throw new Error("There is no pull request.");
  return { ...item, number: pull.number, body: pull.body, headSha: pull.head.sha };
}

const verify = (pull: { readonly number: number }, ...more: readonly string[]): Promise<Ran> => cli.run("verify", `acme/sums#${pull.number}`, ...more);
const untrue = ({ data }: Ran): readonly string[] => data.attested.flatMap(({ what, ok }: { readonly what: string; readonly ok: boolean }) => (ok ? [] : [what]));
const edit = (pull: { readonly number: number }, body: string): Promise<unknown> => world.call(world.maintainer, "PATCH", `/pulls/${pull.number}`, { body });
const artifactsOf = (item: Item) => [...world.github.state().artifacts.values()].filter(({ runId }) => runId === item.runId);

test("a pull request as it was made: everything is found from it, checked, made again and the same", async () => {
  const pull = await delivered({ rounds: [[{ severity: "major", summary: "Loses cents", file: "src/sum.js" }], []] });
  const ran = await verify(pull);
  expect(untrue(ran)).toEqual([]);
  expect(ran).toMatchObject({ exitCode: 0, data: { ok: true, faults: [], pullRequest: pull.number, item: pull.ticket.item, run: pull.runId, headSha: pull.headSha } });
  expect(ran.data.attested.map(({ what }: { readonly what: string }) => what)).toEqual(expect.arrayContaining(["the proof in the record comes out the same", "the proof in the pull request's body is the one of the record", "every decision of the record comes out the same"]));
  expect((await cli.run("verify", `${world.github.url}/acme/sums/pull/${pull.number}`, "--json")).data).toEqual(ran.data);
  await edit(pull, pull.body.replaceAll("\n", "\r\n"));
  expect((await verify(pull)).exitCode).toBe(0);
});

test("the record holds the proof as data: each gate with its session, workflow and plan, commands, findings, cost, and whose word it is", async () => {
  const pull = await delivered({ rounds: [[{ severity: "major", summary: "Loses cents", file: "src/sum.js" }], []] });
  const assembled = assembleSegments(artifactsOf(pull).map(({ bytesPath, digest }) => ({ bytes: readFileSync(bytesPath), digest })));
  if (!assembled.ok) throw new Error(assembled.error.message);
  const events = await assembled.value.reader.read(itemStream(pull.ticket.item));
  const kinds = events.map(({ kind }) => kind);
  expect(kinds.indexOf("proof_recorded")).toBeLessThan(kinds.indexOf("effect_confirmed"));
  const recorded = events.find((event) => event.kind === "proof_recorded");
  expect(recorded?.data).toMatchObject({
    result: "holds",
    change: { tree: pull.tree, base: pull.ticket.base.sha },
    findings: { found: 1, fixed: 1, repeated: 0, open: 0, accepted: 0, rounds: 2 },
    cost: { microUsd: 7_500, turns: 5, tokens: 5_000 },
    requester: { login: "mona", role: "maintain" },
    record: { runId: pull.runId, artifacts: pull.refs },
  });
  expect(recorded?.kind === "proof_recorded" ? recorded.data.gates.map(({ gate, attestedBy, sessionId }) => [gate, attestedBy, sessionId]) : []).toEqual([
    ["requester", "GitHub", null],
    ["provenance", "GitHub", null],
    ["record", "deliver job", null],
    ["protected-paths", "deliver job", null],
    ["tree", "GitHub", null],
    ["made", "agent job", "fix-2"],
    ["command", "agent job", "fix-2"],
    ["review", "agent job", "review-2"],
  ]);
  expect(recorded?.kind === "proof_recorded" ? recorded.data.sessions.find(({ sessionId }) => sessionId === "review-1") : null).toMatchObject({ workflow: { id: "wr.mr-review", version: "1.0.0" }, plan: sha256Hex("review-1"), verdict: "blocking" });
  expect(recorded?.kind === "proof_recorded" ? recorded.data.commands.at(-1) : null).toMatchObject({ sessionId: "fix-2", command: "npm test", exitCode: 0, attestedBy: "agent job" });
});

describe("what was tampered with is named", () => {
  test("a body whose proof says something else, has a second one, none, or lost its mark", async () => {
    const pull = await delivered();
    const says = async (body: string): Promise<string> => {
      await edit(pull, body);
      const ran = await verify(pull);
      expect(ran).toMatchObject({ exitCode: 1, data: { ok: false } });
      expect(untrue(ran)).toHaveLength(1);
      return untrue(ran)[0] ?? "";
    };
    expect(await says(pull.body.replace("exit code 0", "exit code 0 twice"))).toMatch(/the proof in the body is not the record's: it has ".*exit code 0 twice.* where the record gives/);
    expect(await says(pull.body.replace("| agent job |", "| GitHub |"))).toContain("is not the record's");
    expect(await says(`${pull.body}\n<!-- worktrain:proof -->\n\nAll is well.\n\n<!-- worktrain:proof end -->`)).toContain("does not have exactly one proof in it");
    expect(await says(pull.body.replace("<!-- worktrain:proof -->", ""))).toContain("has no proof in it any more");
    expect(await says(pull.body.slice(pull.body.indexOf("\n") + 1))).toContain("does not begin with WorkTrain's mark any more");
  });

  test("a head that moved on", async () => {
    const pull = await delivered();
    const { body } = await world.call(world.maintainer, "POST", "/git/commits", { message: "one more", tree: (await world.bare.readCommit(pull.headSha))?.tree, parents: [pull.headSha] });
    const sha = (body as { sha: string }).sha;
    await world.call(world.maintainer, "PATCH", `/git/refs/heads/${pull.branch}`, { sha });
    const ran = await verify(pull);
    expect(ran.exitCode).toBe(1);
    expect(untrue(ran).join("\n")).toMatch(new RegExp(`its head commit ${sha} names no item[^]*its parents are ${pull.headSha}`));
  });

  test("artifacts that are another item's under this one's names, though their digests are made to match", async () => {
    const pull = await delivered();
    const other = await delivered();
    for (const [index, artifact] of artifactsOf(pull).entries()) {
      const bytes = readFileSync(artifactsOf(other)[index]?.bytesPath ?? "");
      writeFileSync(artifact.bytesPath, bytes);
      Object.assign(artifact, { digest: `sha256:${sha256Hex(bytes)}` });
    }
    const ran = await verify(pull);
    expect(ran.exitCode).toBe(1);
    expect(untrue(ran).join("\n")).toMatch(/the artifacts are not the record that was delivered/);
  });

  test("an artifact with other bytes than GitHub states", async () => {
    const pull = await delivered();
    const [first] = artifactsOf(pull);
    writeFileSync(first?.bytesPath ?? "", "other bytes");
    const ran = await verify(pull);
    expect(ran).toMatchObject({ exitCode: 1, data: { faults: expect.arrayContaining([expect.objectContaining({ file: `artifact ${first?.id} (${first?.name})` })]) } });
  });

  test("a proof in the record that was written anew, chain and digest with it", async () => {
    const pull = await delivered();
    const own = artifactsOf(pull).at(-1);
    if (own === undefined) throw new Error("The deliver job left nothing.");
    const segment = decodeSegment(readFileSync(own.bytesPath));
    if (!segment.ok) throw new Error(segment.error.message);
    const { readLines: _, ...rest } = segment.value;
    let prev = "";
    const lines = rest.lines.map((line, index) => {
      const event = JSON.parse(line.replace('"found":0', '"found":3').replace('"fixed":0', '"fixed":3'));
      const text = JSON.stringify(index === 0 ? event : { ...event, prev });
      prev = sha256Hex(`${text}\n`);
      return text;
    });
    const bytes = encodeSegment({ ...rest, lines });
    writeFileSync(own.bytesPath, bytes);
    Object.assign(own, { digest: `sha256:${sha256Hex(bytes)}` });
    const ran = await verify(pull);
    expect(ran).toMatchObject({ exitCode: 1, data: { faultCount: 0 } });
    expect(untrue(ran)).toEqual(["the proof in the record comes out otherwise: findings"]);
  });

  test("expired artifacts, and a deliver job's part that is gone", async () => {
    const pull = await delivered();
    const own = artifactsOf(pull).at(-1);
    if (own === undefined) throw new Error("The deliver job left nothing.");
    Object.assign(own, { expired: true });
    const late = await verify(pull);
    expect(late.exitCode).toBe(1);
    expect(late.text).toContain("it has expired");
    expect(untrue(late).join("\n")).toContain("holds no proof of this delivery");
    for (const artifact of artifactsOf(pull)) Object.assign(artifact, { expired: true });
    const gone = await verify(pull);
    expect(gone.exitCode).toBe(1);
    expect(untrue(gone).join("\n")).toContain("the proof cannot be made again");
  });

  test("a record ref that was removed, or that somebody moved", async () => {
    const pull = await delivered();
    const ref = `refs/worktrain/${pull.ticket.item}`;
    await world.bare.moveRef(ref, await world.bare.commitOf(ref), null);
    expect(untrue(await verify(pull)).join("\n")).toContain("which run delivered this cannot be told");
    await world.bare.moveRef(ref, null, pull.headSha);
    expect(untrue(await verify(pull)).join("\n")).toContain("which run delivered this cannot be told");
  });

  test("a run whose ticket nobody who may has signed: the key in the workflow file is another one", async () => {
    const pull = await delivered();
    const stranger = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" }).toString("base64");
    const file = new TextDecoder().decode((await world.bare.readBlob((await world.bare.readTree("refs/heads/main", { recursive: true }))?.entries.find(({ path }) => path.endsWith("worktrain.yml"))?.id ?? "")) ?? new Uint8Array());
    await world.push({ ".github/workflows/worktrain.yml": file.replaceAll(/public-key: \S+/g, `public-key: ${stranger}`) }, "another key");
    try {
      const ran = await verify(pull);
      expect(ran.exitCode).toBe(1);
      expect(untrue(ran).join("\n")).toMatch(/cannot be vouched for[^]*not signed with a key that the workflow file names/);
    } finally {
      await world.push({ ".github/workflows/worktrain.yml": file }, "the key again");
    }
  });
});

test("what is no pull request of ours is one line", async () => {
  const base = (await world.bare.commitOf("refs/heads/main")) ?? "";
  const { body } = await world.call(world.maintainer, "POST", "/git/commits", { message: "by hand", tree: (await world.bare.readCommit(base))?.tree, parents: [base] });
  await world.call(world.maintainer, "POST", "/git/refs", { ref: "refs/heads/by-hand", sha: (body as { sha: string }).sha });
  const made = await world.call(world.maintainer, "POST", "/pulls", { title: "By hand", body: "Mine.", head: "by-hand", base: "main" });
  const number = (made.body as { number: number }).number;
  expect(await cli.refusal("verify", `acme/sums#${number}`)).toContain(`Pull request acme/sums#${number} is not one that WorkTrain made`);
  expect(await cli.refusal("verify", "acme/sums#9999")).toContain("GitHub shows no pull request acme/sums#9999");
  await edit({ number }, "<!-- worktrain:pull-request 1/issue-1/1 key=00000000000000000000000000000000 -->\nMine.");
  expect(await cli.refusal("verify", `acme/sums#${number}`)).toContain("which is of another repository");

  // One who copies the mark and the proof of a real one gets no further than who made it.
  const real = await delivered();
  await edit({ number }, real.body);
  const forged = await verify({ number });
  expect(forged.exitCode).toBe(1);
  expect(untrue(forged).join("\n")).toMatch(/was made by mona from by-hand[^]*the head moved/);
});
