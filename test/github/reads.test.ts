import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import type { GitHub } from "../../src/github/client.ts";
import { createGitHub } from "../../src/github/create-github.ts";
import { branchOfIssue, downloadArtifact, findItemRuns, listRunArtifacts, readDeliveredCheck, readFile, readIssue, readOpenDeliveries, readPermission, readRepository, readRun } from "../../src/github/read/index.ts";
import { readAllArmedByBots } from "../../src/github/write/index.ts";
import { withRetries } from "../../src/github/retries.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { checkGraphQlRequest } from "../contract/graphql.ts";
import { fakeClock } from "../fakes/clock.ts";
import { requestError, scriptedGitHub } from "../fakes/github.ts";
import { smallWorld } from "../fakes/small-world.ts";

const REPOSITORY = { owner: "acme", repo: "shop" };
const now = () => "2026-01-01T00:00:00Z";

describe("what does GitHub say?", () => {
  it("what is not there is null, not an error", async () => {
    const empty = scriptedGitHub({});
    expect(await readRepository(empty, REPOSITORY)).toBeNull();
    expect(await readFile(empty, REPOSITORY, { path: "a", ref: "main" })).toBeNull();
    expect(await readIssue(empty, REPOSITORY, 1)).toBeNull();
    expect(await readRun(empty, REPOSITORY, 1)).toBeNull();
    expect(await findItemRuns(empty, REPOSITORY, { workflow: "worktrain.yml", word: "k" })).toEqual([]);
  });

  it("open deliveries are asked for by their branches, fifty a request; what GitHub does not show of one is as if nobody had said it", async () => {
    const documents: { query: string; [alias: string]: unknown }[] = [];
    const shown = { number: 7, state: "OPEN", headRefName: "worktrain/issue-12-1", headRefOid: "a".repeat(40), baseRefName: "main", isCrossRepository: false, mergeable: "MERGEABLE" };
    const github = scriptedGitHub({
      "POST /graphql": (parameters) => {
        const { query, variables } = parameters as { query: string; variables: Record<string, unknown> };
        documents.push({ query, ...variables });
        const nodes = (alias: string) => (variables[alias] === "worktrain/issue-12-1" ? [shown, null, { ...shown, number: 8, isCrossRepository: true }] : []);
        return { data: { repository: { databaseId: 99, ...Object.fromEntries(Object.keys(variables).filter((name) => /^b\d+$/.test(name)).map((alias) => [alias, { nodes: nodes(alias) }])) } } };
      },
    });
    const branches = Array.from({ length: 51 }, (_, at) => branchOfIssue({ issueNumber: at + 1, attempt: 1 }));
    expect(await readOpenDeliveries(github, { ...REPOSITORY, id: 99 }, { branches, said: true })).toEqual([{ number: 7, open: true, branch: "worktrain/issue-12-1", headSha: "a".repeat(40), base: "main", fork: false, mergeable: "MERGEABLE", red: false, talked: false, armed: false, elsewhere: false, mergingSetAt: null, changesRequested: [], approvals: [] }]);
    expect(documents.map((document) => Object.keys(document).filter((name) => /^b\d+$/.test(name)).length)).toEqual([50, 1]);
    expect(documents.flatMap(({ query }) => checkGraphQlRequest({ query, variables: {} }))).toEqual([]);
    expect(await readOpenDeliveries(github, { ...REPOSITORY, id: 98 }, { branches, said: true })).toEqual([]);
    expect(await readOpenDeliveries(github, { ...REPOSITORY, id: 99 }, { branches: [], said: true })).toEqual([]);
    expect(documents).toHaveLength(3);
  });

  it("what bots have armed is asked for page by page, of this repository alone", async () => {
    const asked: { readonly query: string; readonly after: unknown }[] = [];
    const pull = (number: number, armed: object | null, isCrossRepository = false) => ({ id: `PR_${number}`, number, headRefName: `worktrain/issue-${number}-1`, headRefOid: "a".repeat(40), isCrossRepository, autoMergeRequest: armed });
    const bot = { enabledBy: { kind: "Bot" } };
    const pages = [
      { pageInfo: { hasNextPage: true, endCursor: "second" }, nodes: [pull(9, bot), pull(8, null), pull(7, { enabledBy: { kind: "User" } }), pull(6, bot, true)] },
      { pageInfo: { hasNextPage: false, endCursor: null }, nodes: [pull(5, { enabledBy: null })] },
    ];
    const github = scriptedGitHub({
      "POST /graphql": ({ query, variables }) => {
        const { after } = variables as { after: unknown };
        asked.push({ query: String(query), after });
        return { data: { repository: { databaseId: 99, pullRequests: pages[after === "second" ? 1 : 0] } } };
      },
    });
    expect((await readAllArmedByBots(github, { ...REPOSITORY, id: 99 })).map(({ number, nodeId, branch }) => [number, nodeId, branch])).toEqual([[9, "PR_9", "worktrain/issue-9-1"], [5, "PR_5", "worktrain/issue-5-1"]]);
    expect(asked.map(({ after }) => after)).toEqual([null, "second"]);
    expect(asked.flatMap(({ query }) => checkGraphQlRequest({ query, variables: {} }))).toEqual([]);
    expect(await readAllArmedByBots(github, { ...REPOSITORY, id: 98 })).toEqual([]);
    expect(asked).toHaveLength(3);
  });

  it("what is not of the documented form is named, with its request", async () => {
    const strange = scriptedGitHub({ "GET /repos/{owner}/{repo}": () => ({ id: "one" }) });
    await expect(readRepository(strange, REPOSITORY)).rejects.toThrow("GET /repos/{owner}/{repo} is not of the documented form: id");
  });

  it("the delivered commit's check run: the App's own before one of GitHub Actions, then the first; no other account's and none of another run", async () => {
    const shown = (id: number, app: number | null, key = "k") => ({ id, name: "WorkTrain", head_sha: "a".repeat(40), status: "completed", conclusion: "success", html_url: null, external_id: key, app: app === null ? null : { id: app }, output: { summary: `check ${id}` } });
    const read = async (...check_runs: readonly object[]) => (await readDeliveredCheck(scriptedGitHub({ "GET /repos/{owner}/{repo}/commits/{ref}/check-runs": () => ({ check_runs }) }), REPOSITORY, { sha: "a".repeat(40), name: "WorkTrain", key: "k", appIds: [7, 15368] }))?.summary;
    expect(await read(shown(1, 15368), shown(3, 7), shown(2, 7))).toBe("check 2");
    expect(await read(shown(5, 15368), shown(4, 15368))).toBe("check 4");
    expect(await read(shown(1, 8), shown(2, null), shown(3, 7, "another"))).toBeUndefined();
  });

  it.each([404, 401, 403, 500, 503])("attack 1: a permission check answered with %i is a no, not a throw", async (status) => {
    const github = scriptedGitHub({
      "GET /repos/{owner}/{repo}/collaborators/{username}/permission": () => {
        throw requestError(status, "no");
      },
    });
    expect((await readPermission(github, REPOSITORY, "octocat")).kind).not.toBe("known");
  });

  it("a directory, a file over 1 MB and one that is not UTF-8 have no text", async () => {
    const file = (data: unknown) => readFile(scriptedGitHub({ "GET /repos/{owner}/{repo}/contents/{path}": () => data }), REPOSITORY, { path: "a", ref: "main" });
    const frame = { type: "file", size: 4, sha: "a".repeat(40) };
    expect(await file([])).toMatchObject({ text: null });
    expect(await file({ ...frame, encoding: "none", content: "" })).toMatchObject({ text: null });
    expect(await file({ ...frame, encoding: "base64", content: Buffer.from([0xff, 0xfe]).toString("base64") })).toMatchObject({ text: null });
    expect(await file({ ...frame, encoding: "base64", content: "aGVs\nbG8=\n" })).toMatchObject({ text: "hello" });
  });

  it("all artifacts of a run come, from every page, each once", async () => {
    const world = smallWorld(now);
    world.artifacts = Array.from({ length: 230 }, (_, index) => ({ id: 230 - index, name: `a${index}` }));
    const artifacts = await listRunArtifacts(world.github, REPOSITORY, 1);
    expect(artifacts.map((artifact) => artifact.id)).toEqual(Array.from({ length: 230 }, (_, index) => index + 1));
  });

  it("a run is found by a whole word of its name only", async () => {
    const world = smallWorld(now);
    const run = (id: number, title: string) => ({ id, title, status: "queued", conclusion: null, attempt: 1, path: ".github/workflows/worktrain.yml@refs/heads/main" });
    world.runs = [run(1, "WorkTrain 99/issue-1/1 aa"), run(2, "WorkTrain 99/issue-1/1 aab"), run(3, "WorkTrain 99/issue-1/1 aa")];
    const found = await findItemRuns(world.github, REPOSITORY, { workflow: "worktrain.yml", word: "aa" });
    expect(found.map(({ id, path }) => [id, path])).toEqual([[3, ".github/workflows/worktrain.yml"], [1, ".github/workflows/worktrain.yml"]]);
  });
});

describe("fault 19: is an artifact what its digest says?", () => {
  const BYTES = new TextEncoder().encode("segment");
  const redirecting: GitHub = { request: () => Promise.resolve({ status: 302, data: "", headers: { location: "https://blob.example/x?sig=1" } }) };
  const download = async (answers: (() => Response)[], wanted: { digest?: string; maxBytes?: number } = {}) => {
    const clock = fakeClock();
    const asked: (string | URL | Request)[] = [];
    const fetch = (url: string | URL | Request, init?: RequestInit) => {
      asked.push(url);
      expect(init).toBeUndefined(); // No token goes to the store.
      return Promise.resolve((answers[asked.length - 1] ?? (() => new Response(null, { status: 500 })))());
    };
    const promise = downloadArtifact({ github: redirecting, fetch, clock }, REPOSITORY, { id: 1, digest: sha256Hex(BYTES), ...wanted });
    promise.catch(() => undefined);
    for (let step = 0; step < 10; step += 1) await clock.advance(1_000);
    return { result: await promise, tries: asked.length };
  };

  it("gives the bytes, also after a truncated and a failed download", async () => {
    const { result, tries } = await download([() => new Response(BYTES.slice(0, 3)), () => new Response(null, { status: 503 }), () => new Response(BYTES)]);
    expect(result.ok && new TextDecoder().decode(result.value)).toBe("segment");
    expect(tries).toBe(3);
  });

  it("refuses after three wrong ones", async () => {
    const { result, tries } = await download(Array.from({ length: 5 }, () => () => new Response("forged")));
    expect(result).toMatchObject({ ok: false, error: { kind: "artifact-digest" } });
    expect(tries).toBe(3);
  });

  it("fault 20: stops reading at the size limit", async () => {
    const endless = () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) }));
    expect((await download([endless], { maxBytes: 10_000 })).result).toMatchObject({ ok: false, error: { kind: "artifact-too-large" } });
  });

  it("an outage is an error that may be retried; fault 18: one that is gone is a refusal", async () => {
    await expect(download([])).rejects.toMatchObject({ name: "RetryableError" });
    const gone: GitHub = { request: () => Promise.reject(requestError(410, "Gone")) };
    const result = await downloadArtifact({ github: gone, fetch, clock: fakeClock() }, REPOSITORY, { id: 1, digest: "" });
    expect(result).toMatchObject({ ok: false, error: { kind: "artifact-gone" } });
  });
});

describe("when is a request sent again?", () => {
  const scene = (failures: Error[]) => {
    const clock = fakeClock(Date.UTC(2026, 0, 1));
    const sent: number[] = [];
    const flaky: GitHub = {
      request() {
        sent.push(clock.nowMs() - Date.UTC(2026, 0, 1));
        const failure = failures[sent.length - 1];
        return failure === undefined ? Promise.resolve({ status: 200, data: null, headers: {} }) : Promise.reject(failure);
      },
    };
    const run = async (route: string) => {
      const promise = withRetries(flaky, { clock }).request(route);
      promise.catch(() => undefined);
      for (let step = 0; step < 500; step += 1) await clock.advance(2_000);
      return promise;
    };
    return { run, sent };
  };

  it("fault 54: a read after an outage, three times, then the failure is the caller's", async () => {
    const { run, sent } = scene(Array.from({ length: 9 }, () => requestError(502, "Bad Gateway")));
    await expect(run("GET /x")).rejects.toMatchObject({ status: 502 });
    expect(sent).toHaveLength(4);
  });

  it("fault 54: a write after an outage never", async () => {
    const { run, sent } = scene([requestError(500)]);
    await expect(run("POST /x")).rejects.toMatchObject({ status: 500 });
    expect(sent).toHaveLength(1);
  });

  it.each([
    ["retry-after", requestError(403, "slow down", { "retry-after": "30" }), 30_000],
    ["the reset of the primary limit", requestError(403, "API rate limit exceeded", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Date.UTC(2026, 0, 1) / 1_000 + 90) }), 90_000],
    ["a minute for a bare secondary limit", requestError(403, "You have exceeded a secondary rate limit."), 60_000],
    ["a minute for a bare 429", requestError(429, "Too many requests"), 60_000],
  ])("fault 53: waits as told by %s, writes too", async (_, failure, waitMs) => {
    const { run, sent } = scene([failure]);
    await run("POST /x");
    expect(sent[1]).toBeGreaterThanOrEqual(waitMs);
    expect(sent[1]).toBeLessThan(waitMs + 3_000);
  });

  it("fault 53: untold waits double; patience ends as a retryable error that says how long", async () => {
    const { run, sent } = scene(Array.from({ length: 9 }, () => requestError(429, "Too many requests")));
    await expect(run("GET /x")).rejects.toMatchObject({ name: "RetryableError", retryAfterMs: 480_000 });
    expect(sent).toHaveLength(4);
  });

  it("a missing permission is no rate limit", async () => {
    const { run, sent } = scene([requestError(403, "Resource not accessible by integration")]);
    await expect(run("GET /x")).rejects.toMatchObject({ status: 403 });
    expect(sent).toHaveLength(1);
  });
});

describe("what goes over the wire?", () => {
  it("the token, the pinned API version, escaped paths; a redirect can be left to the caller", async () => {
    const seen: { url: string | undefined; headers: Record<string, unknown> }[] = [];
    const server = createServer((request, response) => {
      seen.push({ url: request.url, headers: request.headers });
      if (request.url?.endsWith("/zip") === true) response.writeHead(302, { location: "http://127.0.0.1:9/blob" }).end();
      else response.writeHead(404, { "content-type": "application/json" }).end('{"message":"Not Found"}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const github = createGitHub({ token: "t0ken", baseUrl: `http://127.0.0.1:${port}`, userAgent: "worktrain-test", clock: fakeClock() });
    expect(await readFile(github, REPOSITORY, { path: ".github/a b.yml", ref: "main" })).toBeNull();
    const redirect = await github.request("GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}", { ...REPOSITORY, artifact_id: 1, archive_format: "zip", request: { redirect: "manual" } });
    server.close();
    expect(redirect.headers["location"]).toBe("http://127.0.0.1:9/blob");
    expect(seen[0]?.url).toBe("/repos/acme/shop/contents/.github%2Fa%20b.yml?ref=main");
    expect(seen[0]?.headers).toMatchObject({ authorization: "Bearer t0ken", "x-github-api-version": "2026-03-10" });
    expect(seen[0]?.headers["user-agent"]).toContain("worktrain-test");
  });
});
