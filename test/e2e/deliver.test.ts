/**
 * The deliver job's bundle against one finished agent job: hostile inputs first, then two deliveries at once, then one more.
 * The repository's own workflow file plays them, so each has the environment, the token and the time of a real deliver job.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { signTicket } from "../../src/github/trust/index.ts";
import { ticketSchema } from "../../src/github/trust/ticket.ts";
import type { LoggedRequest } from "../../src/hosts/demo/github/index.ts";
import type { Artifact } from "../../src/hosts/demo/github/records.ts";
import { decodeSegment, encodeSegment, type SegmentRef } from "../../src/journal/index.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { scenarioByIssue, text } from "../fakes/scripts.ts";

const OTHER = "Somebody else's work";
const VICTIM = "Durations are wrong";
/** In the order they are played. */
const HOSTILE = ["flipped", "rehashed", "foreign", "wrong-ticket"] as const;

let world: DemoWorld;
let issueNumber: number;
/** What was published when a job began or was over. */
const published = new Map<string, ReturnType<typeof publishedNow>>();

beforeAll(async () => {
  world = await startDemoWorld(scenarioByIssue({ [OTHER]: { classify: [[text("Done.")], [text("Done.")]] }, [VICTIM]: {} }));
  const other = await world.play({ title: OTHER });
  const cases = join(world.directory, "cases");
  await world.commit({ ".github/workflows/worktrain.yml": gauntlet(await world.read(".github/workflows/worktrain.yml"), cases) });
  playTheAdversary(cases, other);
  issueNumber = await world.play({ title: VICTIM });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

/** The shipped workflow file with more deliver jobs: the hostile ones one after another, then two at once, then one more. */
function gauntlet(shipped: string, cases: string): string {
  const workflow = parse(shipped);
  const { agent, deliver } = workflow.jobs;
  const job = (needs: readonly string[], changed: Readonly<Record<string, string>> = {}): unknown => {
    const [step] = deliver.steps;
    return { ...deliver, needs: ["agent", "cases", ...needs], steps: [{ ...step, with: { ...step.with, ...changed } }] };
  };
  const output = (name: string): string => `\${{ needs.cases.outputs.${name} }}`;
  const outputs = Object.fromEntries(["rehashed", "foreign", "ticket"].map((name) => [name, `\${{ steps.cases.outputs.${name} }}`]));
  workflow.jobs = {
    agent,
    cases: { "runs-on": "ubuntu-latest", needs: "agent", outputs, steps: [{ id: "cases", run: `cat '${cases}' >> "$GITHUB_OUTPUT"` }] },
    flipped: job([]),
    rehashed: job(["flipped"], { segments: output("rehashed") }),
    foreign: job(["rehashed"], { segments: output("foreign") }),
    "wrong-ticket": job(["foreign"], { ticket: output("ticket") }),
    deliver: job(["wrong-ticket"]),
    twin: job(["wrong-ticket"]),
    again: job(["deliver", "twin"]),
  };
  return stringify(workflow, { lineWidth: 0 });
}

/** Between the jobs: writes what the hostile ones are given, and puts changed bytes where GitHub keeps the artifacts. */
function playTheAdversary(cases: string, other: number): void {
  let restore = (): void => undefined;
  const segments = (run: number): readonly Artifact[] => [...world.github.state().artifacts.values()].filter((artifact) => artifact.runId === run && artifact.name.includes(".end."));
  world.watch((event) => {
    if (event.kind !== "job-started" && event.kind !== "job-finished") return;
    published.set(`${event.kind} ${event.job}`, publishedNow());
    const mine = segments(event.runId);
    const victim = mine.find(isEdited);
    if (event.kind === "job-finished") {
      if (event.job === "agent") writeFileSync(cases, casesText(event.runId, mine, segments(world.runs(other)[0]?.id ?? 0)));
      return restore();
    }
    if (event.job === "flipped" && victim !== undefined) restore = replaceBytes(victim, flipped(readFileSync(victim.bytesPath)));
    if (event.job === "rehashed" && victim !== undefined) restore = replaceBytes(victim, edited(victim), { rehash: true });
  });
}

function casesText(runId: number, mine: readonly Artifact[], others: readonly Artifact[]): string {
  const rehashed = mine.map((artifact) => ({ ...refOf(artifact), ...(isEdited(artifact) ? { digest: sha256Hex(edited(artifact)) } : {}) }));
  const ticketText = world.github.state().runs.get(runId)?.inputs["ticket"] ?? "";
  const ticket = ticketSchema.parse(JSON.parse(Buffer.from(ticketText.split(".")[0] ?? "", "base64url").toString()));
  const wrong = { ...ticket, item: ticket.item.replace(/issue-\d+/, "issue-1"), issueNumber: 1 };
  return `rehashed=${JSON.stringify(rehashed)}\nforeign=${JSON.stringify([...mine, ...others.slice(-1)].map(refOf))}\nticket=${signTicket(wrong, world.secrets.ticketKey)}\n`;
}

/** The one that the agent job named: it holds the whole record. */
const isEdited = ({ name }: Artifact): boolean => name.endsWith(".ready");

const refOf = ({ id, runId, name, digest }: Artifact): SegmentRef => ({ id, runId, name, digest: digest.replace("sha256:", "") });

const flipped = (bytes: Buffer): Uint8Array => bytes.map((byte, index) => (index === bytes.length - 20 ? byte ^ 1 : byte));

/** The segment with another word in a line that others follow, stored as WorkTrain would store it. */
function edited(artifact: Artifact): Uint8Array {
  const segment = decodeSegment(readFileSync(artifact.bytesPath));
  if (!segment.ok) throw new Error(segment.error.message);
  const { readLines: _, ...rest } = segment.value;
  const lines = rest.lines.map((line) => line.replaceAll("Rounded first.", "Rounded twice!"));
  if (lines.join() === rest.lines.join()) throw new Error(`Nothing to edit in ${artifact.name}.`);
  return encodeSegment({ ...rest, lines });
}

/** Puts other bytes in an artifact's place; with `rehash` GitHub also states their digest. Returns the way back. */
function replaceBytes(artifact: Artifact, bytes: Uint8Array, { rehash = false } = {}): () => void {
  const before = { bytes: readFileSync(artifact.bytesPath), digest: artifact.digest };
  writeFileSync(artifact.bytesPath, bytes);
  if (rehash) Object.assign(artifact, { digest: `sha256:${sha256Hex(bytes)}` });
  return () => {
    writeFileSync(artifact.bytesPath, before.bytes);
    Object.assign(artifact, { digest: before.digest });
  };
}

/** Everything on GitHub that a deliver job could change; the App's own comment goes on with the run. */
function publishedNow() {
  const state = world.github.state();
  return {
    refs: execFileSync("git", ["-C", join(world.directory, "repo.git"), "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"], { encoding: "utf8" }).trim().split("\n"),
    // Without the time of its last change, which any comment moves.
    issues: [...state.issues.values()].map((issue) => ({ ...issue, updatedAt: "" })),
    comments: [...state.comments.values()].filter(({ author }) => author !== "worktrain[bot]"),
    checkRuns: [...state.checkRuns.values()],
    reactions: [...state.reactions.values()],
  };
}

interface PlayedJob {
  readonly conclusion: string | null;
  readonly log: string;
  /** Requests that could change something. */
  readonly writes: readonly LoggedRequest[];
}

function jobNamed(name: string): PlayedJob {
  const runId = world.runs(issueNumber)[0]?.id ?? 0;
  const job = [...world.github.state().jobs.values()].find((each) => each.runId === runId && each.name === name);
  const writes = world.github.requests.filter((request) => request.jobId === job?.id && request.method !== "GET");
  return { conclusion: job?.conclusion ?? null, log: world.log(runId, name), writes };
}

test.each([
  ["flipped", "bad-artifact", "an artifact whose bytes are not those of its digest (fault 19)"],
  ["rehashed", "bad-journal", "an edited artifact with a digest made to match (fault 7)"],
  ["foreign", "foreign-artifact", "an artifact of another item's run (fault 21)"],
  ["wrong-ticket", "bad-ticket", "a ticket of another item"],
])("attack 14: %s is refused as %s, red and explained: %s", (name, kind) => {
  const { conclusion, log, writes } = jobNamed(name);
  expect(conclusion).toBe("failure");
  expect(log).toContain(`(${kind}): `);
  // The reason may be said on the issue, and nowhere else.
  expect(writes.filter(({ route }) => !/\/comments(\/\{comment_id\})?$/.test(route ?? "")).map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});

test("after all of them nothing is published, and the issue says why in one comment of the deliver job", () => {
  const before = published.get(`job-started ${HOSTILE[0]}`);
  const after = published.get(`job-finished ${HOSTILE.at(-1)}`);
  expect(after).toEqual({ ...before, comments: after?.comments });
  const said = (after?.comments ?? []).filter(({ body }) => body.includes(`/issue-${issueNumber}/`));
  expect(said).toHaveLength(1);
  expect(said[0]?.body).toContain("WorkTrain refused to publish the result");
});

test("fault 22: two deliveries at the same time make one branch, one pull request, one check run, and both say how they ended", () => {
  const after = published.get("job-started again");
  expect(after?.refs.map((ref) => ref.split(" ")[0])).toEqual(["refs/heads/main", `refs/heads/worktrain/issue-${issueNumber}-1`]);
  const pulls = (after?.issues ?? []).flatMap(({ pull }) => (pull === null ? [] : [pull]));
  expect(pulls).toHaveLength(1);
  expect(after?.checkRuns).toMatchObject([{ headSha: pulls[0]?.head.sha, status: "completed", conclusion: "success" }]);
  for (const job of [jobNamed("deliver"), jobNamed("twin")]) {
    expect(job.log).toMatch(/Delivered pull request #\d+|WorkTrain refused to publish \([a-z-]+\): \S+/);
    expect(job.conclusion).toBe(job.log.includes("Delivered pull request") ? "success" : "failure");
    
  }
  expect([jobNamed("deliver").conclusion, jobNamed("twin").conclusion]).toContain("success");
});

test("I2: one delivery more is green, writes nothing and changes nothing", () => {
  const { conclusion, log, writes } = jobNamed("again");
  expect({ conclusion, writes }).toEqual({ conclusion: "success", writes: [] });
  expect(log).toContain("Delivered pull request");
  expect(published.get("job-finished again")).toEqual(published.get("job-started again"));
});

test("I4: in the end the one status comment tells the pull request", () => {
  expect(world.statusComments(issueNumber)).toHaveLength(1);
  expect(world.statusComments(issueNumber)[0]).toMatch(/made pull request #\d+/);
});

test("I6: none of the secrets that were given out stands in any file that is left, or in anything on GitHub", () => {
  const { modelKey, webhookSecret, appKey, ticketKey } = world.secrets;
  const pemLines = [appKey, ticketKey].flatMap((pem) => pem.split("\n").filter((line) => line.length > 40));
  const secrets = [modelKey, webhookSecret, world.maintainerToken, ...pemLines];
  const files = readdirSync(world.directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(100);
  const leaks = files.flatMap((entry) => {
    const bytes = readFileSync(join(entry.parentPath, entry.name));
    const plain = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString("latin1");
    return secrets.some((secret) => plain.includes(secret)) ? [join(entry.parentPath, entry.name)] : [];
  });
  expect(leaks).toEqual([]);
  const { issues, comments, checkRuns, runs } = world.github.state();
  const onGitHub = JSON.stringify([...issues.values(), ...comments.values(), ...checkRuns.values(), ...runs.values(), ...world.github.requests]);
  expect(secrets.filter((secret) => onGitHub.includes(secret))).toEqual([]);
});
