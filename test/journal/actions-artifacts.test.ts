import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createArtifactSegmentStore, NameTakenError } from "../../src/journal/index.ts";
import { RetryableError, TerminalError } from "../../src/shared/errors.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { nodeFileSystem } from "../../src/shared/node-ports.ts";

/** The official client against a server that speaks as much of the artifact service's version 4 as one upload needs. */
const NAME = "worktrain.7.issue-12.1.r5.a1.0001.probe.start.m0";
const BYTES = Buffer.from("a segment");

/** `only` one method of the service, if named. */
let refusal: { readonly status: number; readonly msg: string; readonly only?: string } | null = null;
let stored: { readonly name: string; readonly bytes: Buffer; readonly hash: string } | null = null;
let block: Buffer = Buffer.alloc(0);

const server = createServer(async (request, response) => {
  const body = await bodyOf(request);
  const answer = (status: number, value: unknown): void => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  const url = new URL(request.url ?? "", "http://127.0.0.1");
  if (request.method === "PUT") {
    if (url.searchParams.get("comp") !== "blocklist") block = body;
    return void response.writeHead(201).end();
  }
  const method = url.pathname.split("/").at(-1);
  if (refusal !== null && (refusal.only ?? method) === method) return answer(refusal.status, { code: "x", msg: refusal.msg });
  const sent = JSON.parse(body.toString());
  if (method === "CreateArtifact") return answer(200, { ok: true, signed_upload_url: `http://127.0.0.1:${port()}/blob/x?sig=s` });
  if (method === "FinalizeArtifact") {
    stored = { name: sent.name, bytes: block, hash: sent.hash };
    return answer(200, { ok: true, artifact_id: "42" });
  }
  const found = stored === null || stored.name !== sent.name_filter ? [] : [{ database_id: "42", name: stored.name, size: "9", digest: stored.hash }];
  return answer(200, { artifacts: found });
});
const port = (): number => (server.address() as AddressInfo).port;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const directory = mkdtempSync(join(tmpdir(), "worktrain-artifacts-"));
const store = createArtifactSegmentStore({ runId: 5, directory, fs: nodeFileSystem });

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const claims = Buffer.from(JSON.stringify({ scp: "Actions.Results:run:job" })).toString("base64url");
  vi.stubEnv("ACTIONS_RUNTIME_TOKEN", `x.${claims}.x`);
  vi.stubEnv("ACTIONS_RESULTS_URL", `http://127.0.0.1:${port()}/`);
  vi.stubEnv("GITHUB_SERVER_URL", "https://github.com");
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
});
afterEach(() => {
  refusal = null;
});
afterAll(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

describe("the official artifact client behind the store", () => {
  test("uploads the segment's bytes as they are, under its name, and finds them again", async () => {
    expect(await store.find?.(NAME)).toBeNull();
    const ref = await store.put(NAME, BYTES);
    expect(ref).toEqual({ id: 42, runId: 5, name: NAME, digest: sha256Hex(BYTES) });
    expect(stored).toMatchObject({ name: NAME, hash: `sha256:${sha256Hex(BYTES)}` });
    expect(stored?.bytes.equals(BYTES)).toBe(true);
    expect(await store.find?.(NAME)).toEqual(ref);
  });

  test.each([
    ["fault 15: a name that is taken", 409, "an artifact with this name already exists on the workflow run", NameTakenError],
    ["fault 16: a full quota", 403, "insufficient usage to create artifact", TerminalError],
    ["a refusal for good", 400, "no", TerminalError],
  ])("%s is told apart", async (_, status, msg, kind) => {
    refusal = { status, msg };
    const error = await store.put(NAME, BYTES).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(kind);
    expect(error instanceof NameTakenError).toBe(kind === NameTakenError);
    expect((error as Error).message).toContain(NAME);
  });

  test("fault 15: a refusal to finish an upload says nothing of whether it is finished: the client may have asked twice", async () => {
    refusal = { status: 404, msg: "this job has no unfinished artifact", only: "FinalizeArtifact" };
    const error = await store.put(NAME, BYTES).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).not.toBeInstanceOf(NameTakenError);
  });

  test("a look-up that fails can be repeated", async () => {
    refusal = { status: 400, msg: "no" };
    await expect(Promise.resolve(store.find?.(NAME))).rejects.toThrow(RetryableError);
  });
});
