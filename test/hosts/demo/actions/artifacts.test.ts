import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startArtifactService, type ArtifactService } from "../../../../src/hosts/demo/actions/artifacts/artifact-service.ts";
import { fakeClock, type FakeClock } from "../../../fakes/clock.ts";
import { memoryPort, type MemoryPort } from "./memory-port.ts";
import { FIXTURES } from "./world.ts";

let directory: string;
let clock: FakeClock;
let records: MemoryPort;
let service: ArtifactService;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "artifacts-"));
  clock = fakeClock();
  records = memoryPort();
  service = await startArtifactService({ records, directory, clock });
});
afterEach(async () => {
  await service.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function call(token: string, method: string, body: object): Promise<Answer> {
  const response = await fetch(`${service.url}/twirp/github.actions.results.api.v1.ArtifactService/${method}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The ids in a token, as its holder reads them. */
function idsOf(token: string): { workflow_run_backend_id: string; workflow_job_run_backend_id: string } {
  const { scp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { scp: string };
  const [, run = "", job = ""] = /Actions\.Results:([^:]+):([^: ]+)/.exec(scp) ?? [];
  return { workflow_run_backend_id: run, workflow_job_run_backend_id: job };
}

const put = (url: string, body: string, headers: Record<string, string> = { "x-ms-blob-type": "BlockBlob" }): Promise<Response> => fetch(url, { method: "PUT", body, headers });
const sha = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

async function create(token: string, name: string): Promise<string> {
  const { status, body } = await call(token, "CreateArtifact", { ...idsOf(token), name, version: 7, mime_type: "text/plain" });
  expect(status).toBe(200);
  return String(body["signed_upload_url"]);
}

describe("with the client that actions use", () => {
  test("uploads, lists, downloads and deletes, zipped and plain, in one block and in several", async () => {
    const { token } = service.openJob(7);
    const env = { RUNNER_TEMP: directory, ACTIONS_RUNTIME_TOKEN: token, ACTIONS_RESULTS_URL: `${service.url}/`, GITHUB_SERVER_URL: "https://github.com", GITHUB_WORKSPACE: directory };
    // The time of a signed URL is told by the service's clock, so the client's need not agree.
    const { stdout } = await promisify(execFile)(process.execPath, [join(FIXTURES, "artifact-client.mjs")], { env, maxBuffer: 16 * 1024 * 1024 });
    const result = JSON.parse(stdout.trim().split("\n").at(-1) ?? "null") as Record<string, unknown>;
    expect(result["raw"]).toEqual({ id: 100, size: 8, digest: sha('{"a":1}\n').slice(7) });
    expect(result["blocks"]).toMatchObject({ size: 9 * 1024 * 1024 });
    expect(result["repeated"]).toMatch(/\(409\) Conflict/);
    expect(result["forbidden"]).toMatch(/not valid/);
    expect(result["artifacts"]).toEqual([
      expect.objectContaining({ id: 100, name: "segment.json", size: 8, digest: sha('{"a":1}\n') }),
      expect.objectContaining({ id: 101, name: "large.bin" }),
      expect.objectContaining({ id: 102, name: "zipped" }),
    ]);
    expect(result["rawBack"]).toEqual({ digestMismatch: false, files: { "segment.json": '{"a":1}\n' } });
    expect(result["zipBack"]).toEqual({ digestMismatch: false, files: { "segment.json": '{"a":1}\n', "second.txt": "two" } });
    expect(result["afterDelete"]).toEqual(["segment.json", "large.bin"]);
    const [raw] = records.artifacts;
    expect(raw).toMatchObject({ runId: 7, contentType: "application/json" });
    expect(readFileSync(raw?.bytesPath ?? "", "utf8")).toBe('{"a":1}\n');
  });
});

describe("who may do what", () => {
  test("no token, a forged one, or one of a job that is over: 401", async () => {
    const { token, revoke } = service.openJob(7);
    const [header, payload] = token.split(".");
    const request = { ...idsOf(token) };
    expect((await call("", "ListArtifacts", request)).status).toBe(401);
    expect((await call(`${header}.${payload}.AAAA`, "ListArtifacts", request)).status).toBe(401);
    expect((await call(token, "ListArtifacts", request)).status).toBe(200);
    revoke();
    expect((await call(token, "ListArtifacts", request)).status).toBe(401);
  });

  test("attack 14: a job writes and reads only its own run", async () => {
    const mine = service.openJob(7).token;
    const foreign = service.openJob(8).token;
    const url = await create(mine, "a.txt");
    await put(url, "hello");
    const name = "a.txt";
    const requests = { CreateArtifact: { name, version: 7 }, FinalizeArtifact: { name }, ListArtifacts: {}, GetSignedArtifactURL: { name }, DeleteArtifact: { name } };
    const answers = await Promise.all(Object.entries(requests).map(([method, fields]) => call(foreign, method, { ...idsOf(mine), ...fields })));
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    const sameRun = service.openJob(7).token;
    expect((await call(sameRun, "FinalizeArtifact", { ...idsOf(sameRun), name: "a.txt", size: "5", hash: sha("hello") })).status).toBe(404);
  });

  test("a signed URL permits what it says, for as long as it says", async () => {
    const { token } = service.openJob(7);
    const url = await create(token, "a.txt");
    expect((await put(url.replace(/sig=[^&]+/, "sig=AAAA"), "x")).status).toBe(403);
    expect((await fetch(url)).status).toBe(403);
    expect((await put(url, "hello")).status).toBe(201);
    await call(token, "FinalizeArtifact", { ...idsOf(token), name: "a.txt", size: "5", hash: sha("hello") });
    const signed = String((await call(token, "GetSignedArtifactURL", { ...idsOf(token), name: "a.txt" })).body["signed_url"]);
    expect((await put(signed, "x")).status).toBe(403);
    const download = await fetch(signed);
    expect([await download.text(), download.headers.get("content-type")]).toEqual(["hello", "text/plain"]);
    await clock.advance(60_000);
    expect((await fetch(signed)).status).toBe(403);
  });
});

describe("what is refused", () => {
  test.each([
    ["a name with a colon", { name: "a:b" }],
    ["no name", { name: "" }],
    ["an unknown field", { name: "a", colour: "red" }],
    ["another protocol version", { name: "a", version: 3 }],
  ])("%s: 400", async (_title, request) => {
    const { token } = service.openJob(7);
    expect((await call(token, "CreateArtifact", { ...idsOf(token), version: 7, ...request })).status).toBe(400);
  });

  test("a size or digest that is not the upload's, and a change after the end", async () => {
    const { token } = service.openJob(7);
    const url = await create(token, "a.txt");
    const finalize = (size: string, hash: string): Promise<Answer> => call(token, "FinalizeArtifact", { ...idsOf(token), name: "a.txt", size, hash });
    expect((await finalize("0", sha(""))).status).toBe(412);
    await put(url, "hello");
    expect((await finalize("6", sha("hello"))).status).toBe(400);
    expect((await finalize("5", sha("other"))).status).toBe(400);
    expect(records.artifacts).toEqual([]);
    expect((await finalize("5", sha("hello"))).body).toEqual({ ok: true, artifact_id: "100" });
    expect((await put(url, "evil!")).status).toBe(409);
    expect(readFileSync(records.artifacts[0]?.bytesPath ?? "", "utf8")).toBe("hello");
  });

  test("a block list that names a block not uploaded, and a blob of another type", async () => {
    const { token } = service.openJob(7);
    const url = await create(token, "a.txt");
    expect((await put(`${url}&comp=blocklist`, "<BlockList><Latest>AAAA</Latest></BlockList>")).status).toBe(400);
    expect((await put(url, "x", {})).status).toBe(400);
    await put(`${url}&comp=block&blockid=AA==`, "hel");
    await put(`${url}&comp=block&blockid=BB==`, "lo");
    expect((await put(`${url}&comp=blocklist`, "<BlockList><Latest>BB==</Latest><Latest>AA==</Latest></BlockList>")).status).toBe(201);
    expect((await call(token, "FinalizeArtifact", { ...idsOf(token), name: "a.txt", size: "5", hash: sha("lohel") })).status).toBe(200);
  });

  test("fault 17: the 501st artifact of a job", async () => {
    const { token } = service.openJob(7);
    for (let index = 0; index < 500; index += 1) await create(token, `a-${index}`);
    const { status, body } = await call(token, "CreateArtifact", { ...idsOf(token), name: "one-more", version: 7 });
    expect([status, body["code"]]).toEqual([412, "failed_precondition"]);
    await create(service.openJob(7).token, "one-more");
  });
});

describe("ordered failures", () => {
  test("fault 14: before it took effect the call can be repeated, after it the name is taken", async () => {
    const { token } = service.openJob(7);
    service.failNext({ call: "CreateArtifact", status: 503 });
    const request = { ...idsOf(token), name: "a.txt", version: 7 };
    expect((await call(token, "CreateArtifact", request)).status).toBe(503);
    service.failNext({ call: "CreateArtifact", drop: true, afterApplying: true });
    await expect(call(token, "CreateArtifact", request)).rejects.toThrow("fetch failed");
    expect((await call(token, "CreateArtifact", request)).status).toBe(409);
  });

  test("a lost answer to a finalize leaves an artifact that a list shows", async () => {
    const { token } = service.openJob(7);
    const url = await create(token, "a.txt");
    service.failNext({ call: "PutBlob", status: 500 });
    expect((await put(url, "hello")).status).toBe(500);
    await put(url, "hello");
    service.failNext({ call: "FinalizeArtifact", status: 502, afterApplying: true });
    const request = { ...idsOf(token), name: "a.txt", size: "5", hash: sha("hello") };
    expect((await call(token, "FinalizeArtifact", request)).status).toBe(502);
    expect((await call(token, "FinalizeArtifact", request)).status).toBe(404);
    expect((await call(token, "ListArtifacts", { ...idsOf(token), name_filter: "a.txt" })).body["artifacts"]).toMatchObject([{ name: "a.txt", size: "5", database_id: "100" }]);
  });
});
