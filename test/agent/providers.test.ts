/** Is the model asked as each provider wants it? Checked against servers that take the providers' own wire form, over real HTTP. */
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { countTokens, runAgent, secretsOf, type AgentEndpoint, type AgentEnd } from "../../src/agent/index.ts";
import { readModel } from "../../src/hosts/cli/run/model-settings.ts";
import type { AgentEvent, Recorded } from "../../src/record/index.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { nodeClock } from "../../src/shared/node-ports.ts";
import { nodeProcesses } from "../../src/shared/node-processes.ts";
import { PROGRAM_ENVIRONMENT } from "../fakes/program-environment.ts";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

let server: Server;
let url: string;
let directory: string;
const seen: Seen[] = [];
let reply: (seen: Seen, response: ServerResponse) => void;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "worktrain-providers-"));
  seen.length = 0;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks).toString() };
      seen.push(one);
      reply(one, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${z.object({ port: z.int() }).parse(server.address()).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What the model says, as events of the Messages API's stream. */
const EVENTS = [
  { type: "message_start", message: { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 10, output_tokens: 1 } } },
  { type: "content_block_start", index: 0, content_block: { type: "tool_use", id: "toolu_1", name: "done", input: {} } },
  { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: "{}" } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 7 } },
  { type: "message_stop" },
];

const asSse = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(EVENTS.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""));
};

/** One turn of an agent at the endpoint. */
async function oneTurn(endpoint: AgentEndpoint): Promise<AgentEnd> {
  const history: Recorded<AgentEvent>[] = [];
  return runAgent({
    endpoint,
    model: "claude-sonnet-5-5",
    system: "Be brief.",
    firstMessage: "Say that you are done.",
    tools: [{ name: "done", description: "Ends it.", schema: z.object({}), readOnly: true, run: () => Promise.resolve({ content: "ok", isError: false, ends: true }) }],
    mayUse: () => null,
    budget: { maxTurns: 3, maxTokens: 100_000, maxCostMicroUsd: 1_000_000, maxMs: 30_000 },
    log: { record: () => Promise.resolve(), putBlob: (bytes) => Promise.resolve(sha256Hex(bytes)) },
    history,
    clock: nodeClock,
    reminder: () => "Go on.",
    overloadPatienceMs: 0,
  });
}

const given = (variables: Readonly<Record<string, string>>) => readModel((name) => variables[name]);

describe("the operator's environment chooses the provider", () => {
  test.each<[string, Readonly<Record<string, string>>, unknown]>([
    ["a key", { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: "http://127.0.0.1:1" }, { apiKey: "k", baseUrl: "http://127.0.0.1:1" }],
    ["nothing", {}, { apiKey: "" }],
    ["a key before keyless", { ANTHROPIC_API_KEY: "k", ANTHROPIC_FEDERATION_RULE_ID: "r" }, { apiKey: "k" }],
    ["keyless", { ANTHROPIC_FEDERATION_RULE_ID: "r", ANTHROPIC_ORGANIZATION_ID: "o", ANTHROPIC_IDENTITY_TOKEN_FILE: "/t" }, { apiKey: "", provider: { kind: "keyless", federationRuleId: "r", organizationId: "o", identityTokenFile: "/t" } }],
    ["Bedrock by keys", { WORKTRAIN_PROVIDER: "bedrock", AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "i", AWS_SECRET_ACCESS_KEY: "s", WORKTRAIN_PROVIDER_MODELS: "claude-opus-5=x, claude-opus-5-5=y" }, { apiKey: "", provider: { kind: "bedrock", region: "eu-west-1", keys: { id: "i", secret: "s" }, models: { "claude-opus-5": "x", "claude-opus-5-5": "y" } } }],
    ["Vertex", { WORKTRAIN_PROVIDER: "vertex", CLOUD_ML_REGION: "global", ANTHROPIC_VERTEX_PROJECT_ID: "p" }, { apiKey: "", provider: { kind: "vertex", region: "global", projectId: "p", models: {} } }],
  ])("%s", (_, variables, expected) => {
    expect(given(variables)).toEqual(expected);
  });

  test.each<[Readonly<Record<string, string>>, string]>([
    [{ WORKTRAIN_PROVIDER: "azure" }, 'WORKTRAIN_PROVIDER is "azure"'],
    [{ WORKTRAIN_PROVIDER: "bedrock" }, "AWS_REGION is not set"],
    [{ WORKTRAIN_PROVIDER: "bedrock", AWS_REGION: "r", AWS_ACCESS_KEY_ID: "i" }, "Only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"],
    [{ WORKTRAIN_PROVIDER: "bedrock", AWS_REGION: "r", WORKTRAIN_PROVIDER_MODELS: "claude" }, 'WORKTRAIN_PROVIDER_MODELS holds "claude"'],
    [{ WORKTRAIN_PROVIDER: "vertex", CLOUD_ML_REGION: "global" }, "ANTHROPIC_VERTEX_PROJECT_ID is not set"],
    [{ ANTHROPIC_FEDERATION_RULE_ID: "r" }, "ANTHROPIC_ORGANIZATION_ID is not set"],
    [{ ANTHROPIC_BASE_URL: "nowhere" }, "ANTHROPIC_BASE_URL is wrong"],
  ])("what is missing or wrong is named: %o", (variables, words) => {
    expect(() => given(variables)).toThrow(words);
  });

  test("I6: every credential of every provider is among the secrets that are kept out of the record", () => {
    expect(secretsOf({ apiKey: "key-1" })).toEqual(["key-1"]);
    expect(secretsOf({ apiKey: "", provider: { kind: "bedrock", region: "r", bearerToken: "b", keys: { id: "i", secret: "s", session: "t" }, models: {} } })).toEqual(["b", "i", "s", "t"]);
  });
});

describe("keyless", () => {
  const provider = () => ({ kind: "keyless" as const, federationRuleId: "fdrl_1", organizationId: "org-1", workspaceId: "wrkspc_1", identityTokenFile: join(directory, "token") });

  test("the identity token is exchanged at /v1/oauth/token, and the model asked with what came back", async () => {
    writeFileSync(join(directory, "token"), "header.claims.signature\n");
    reply = ({ path }, response) => {
      if (path !== "/v1/oauth/token") return asSse(response);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ access_token: "access-1", token_type: "Bearer", expires_in: 3_600 }));
    };
    expect(await oneTurn({ apiKey: "", baseUrl: url, provider: provider() })).toMatchObject({ code: "completed", turns: 1 });
    const [exchange, asked] = seen;
    expect(exchange).toMatchObject({ method: "POST", path: "/v1/oauth/token" });
    expect(JSON.parse(exchange?.body ?? "")).toEqual({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: "header.claims.signature", federation_rule_id: "fdrl_1", organization_id: "org-1", workspace_id: "wrkspc_1" });
    expect(asked).toMatchObject({ path: "/v1/messages", headers: { authorization: "Bearer access-1" } });
    expect(asked?.headers["x-api-key"]).toBeUndefined();
  });

  test.each<[string, () => void]>([
    ["a rule that does not match", () => writeFileSync(join(directory, "token"), "wrong")],
    ["a file that is not there", () => undefined],
  ])("%s ends it at once with what to look at, and nothing is asked", async (_, prepare) => {
    prepare();
    reply = (_one, response) => void response.writeHead(401, { "content-type": "application/json" }).end('{"error":"invalid_grant"}');
    const end = await oneTurn({ apiKey: "", baseUrl: url, provider: provider() });
    expect(end).toMatchObject({ code: "model_rejected", message: expect.stringContaining("The credentials for the model's provider cannot be had") });
    expect(seen.filter(({ path }) => path !== "/v1/oauth/token")).toEqual([]);
  });
});

describe("Bedrock", () => {
  const KEYS = { id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
  const endpoint = (): AgentEndpoint => ({ apiKey: "", baseUrl: url, provider: { kind: "bedrock", region: "eu-west-1", keys: KEYS, models: {} } });

  describe("with its package", () => {
    test("the model is invoked with a signed request, and its event stream read", async () => {
      reply = (_, response) => {
        response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
        response.end(Buffer.concat(EVENTS.map((event) => eventStreamMessage({ ":message-type": "event", ":event-type": "chunk", ":content-type": "application/json" }, { bytes: Buffer.from(JSON.stringify(event)).toString("base64") }))));
      };
      expect(await oneTurn(endpoint())).toMatchObject({ code: "completed", turns: 1, usage: { inputTokens: 10, outputTokens: 7 } });
      const [asked] = seen;
      if (asked === undefined) throw new Error("nothing was asked");
      expect(asked.path).toBe("/model/global.anthropic.claude-sonnet-5-5/invoke-with-response-stream");
      const body = z.looseObject({ anthropic_version: z.string(), max_tokens: z.int(), messages: z.array(z.unknown()).min(1) }).parse(JSON.parse(asked.body));
      expect(Object.keys(body)).not.toContain("model");
      expect(Object.keys(body)).not.toContain("stream");
      expect(asked.headers.authorization).toBe(signatureOf(asked, KEYS, "eu-west-1"));
    });

    test("an exception in the stream is a turn that did not happen, and a refusal ends it", async () => {
      reply = (_, response) => {
        response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
        response.end(eventStreamMessage({ ":message-type": "exception", ":exception-type": "throttlingException", ":content-type": "application/json" }, { message: "slow down" }));
      };
      expect(await oneTurn(endpoint())).toMatchObject({ code: "model_unavailable", turns: 0 });
      reply = (_, response) => void response.writeHead(403, { "content-type": "application/json" }).end('{"message":"no access"}');
      expect(await oneTurn(endpoint())).toMatchObject({ code: "model_key_rejected", turns: 0 });
    });

    test("credentials that cannot be had end it at once, and nothing counts as spent", async () => {
      reply = (_, response) => void response.writeHead(500).end();
      const noKeys: AgentEndpoint = { apiKey: "", baseUrl: url, provider: { kind: "bedrock", region: "eu-west-1", models: {} } };
      const before = { ...process.env };
      for (const name of ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"]) delete process.env[name];
      Object.assign(process.env, { HOME: directory, AWS_EC2_METADATA_DISABLED: "true" });
      try {
        expect(await oneTurn(noKeys)).toMatchObject({ code: "model_rejected", costMicroUsd: 0, message: expect.stringContaining("credentials for the model's provider cannot be had") });
      } finally {
        Object.assign(process.env, before);
      }
      expect(seen).toEqual([]);
    });

    test("it counts no tokens, and says so", async () => {
      reply = (_, response) => void response.writeHead(500).end();
      expect(await countTokens(endpoint(), { model: "claude-sonnet-5-5", messages: [] })).toMatchObject({ ok: false });
      expect(seen).toEqual([]);
    });
  });
});

describe("Vertex", () => {
  const endpoint = (): AgentEndpoint => ({ apiKey: "", baseUrl: `${url}/v1`, provider: { kind: "vertex", region: "europe-west1", projectId: "project-1", models: { "claude-sonnet-5-5": "claude-sonnet-5-5@20260901" } } });

  test("with its package the model is asked in its project and region, with a token of Google's default credentials", async () => {
    const credentials = join(directory, "credentials.json");
    writeFileSync(join(directory, "subject"), "subject-token");
    writeFileSync(credentials, JSON.stringify({ type: "external_account", audience: "//iam.googleapis.com/x", subject_token_type: "urn:ietf:params:oauth:token-type:jwt", token_url: `${url}/token`, credential_source: { file: join(directory, "subject") } }));
    process.env["GOOGLE_APPLICATION_CREDENTIALS"] = credentials;
    reply = ({ path }, response) => {
      if (path !== "/token") return asSse(response);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ access_token: "google-1", issued_token_type: "urn:ietf:params:oauth:token-type:access_token", token_type: "Bearer", expires_in: 3_600 }));
    };
    try {
      expect(await oneTurn(endpoint())).toMatchObject({ code: "completed", turns: 1 });
    } finally {
      delete process.env["GOOGLE_APPLICATION_CREDENTIALS"];
    }
    await expectNoCredentials();
    const asked = seen.find(({ path }) => path.includes("publishers"));
    expect(asked).toMatchObject({ path: "/v1/projects/project-1/locations/europe-west1/publishers/anthropic/models/claude-sonnet-5-5@20260901:streamRawPredict", headers: { authorization: "Bearer google-1" } });
    const body = z.looseObject({ anthropic_version: z.string(), stream: z.literal(true) }).parse(JSON.parse(asked?.body ?? ""));
    expect(Object.keys(body)).not.toContain("model");
  });
});

describe("a machine that has everything but the provider's package", () => {
  const ROOT = join(import.meta.dirname, "..", "..");
  const pinned = z.object({ devDependencies: z.record(z.string(), z.string()) }).parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))).devDependencies;

  /** The sources beside links to all other packages. */
  function checkoutWithout(): string {
    const root = join(directory, "checkout");
    cpSync(join(ROOT, "src"), join(root, "src"), { recursive: true });
    for (const name of ["package.json", "workflows", "action"]) symlinkSync(join(ROOT, name), join(root, name));
    mkdirSync(join(root, "node_modules", "@anthropic-ai"), { recursive: true });
    for (const name of [...readdirSync(join(ROOT, "node_modules")).filter((each) => each !== "@anthropic-ai"), "@anthropic-ai/sdk"]) symlinkSync(join(ROOT, "node_modules", name), join(root, "node_modules", name));
    return root;
  }

  test.each([
    ["@anthropic-ai/bedrock-sdk", { WORKTRAIN_PROVIDER: "bedrock", AWS_REGION: "eu-west-1" }],
    ["@anthropic-ai/vertex-sdk", { WORKTRAIN_PROVIDER: "vertex", CLOUD_ML_REGION: "global", ANTHROPIC_VERTEX_PROJECT_ID: "p" }],
  ])("is told in one line to install %s, in the version that is tested here", async (name, variables) => {
    const root = checkoutWithout();
    const run = await nodeProcesses.run(process.execPath, [join(root, "src/hosts/cli/main.ts"), "run", "--goal", "x", "--workspace", directory], { env: { ...PROGRAM_ENVIRONMENT, HOME: directory, ...variables }, timeoutMs: 60_000 });
    expect({ exitCode: run.exitCode, stdout: new TextDecoder().decode(run.stdout), stderr: new TextDecoder().decode(run.stderr) }).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: `worktrain: The provider needs the package ${name}, which is not installed. Run \`npm install --no-save ${name}@${pinned[name]}\` in WorkTrain's own directory.\n`,
    });
  });
});

/** Credentials that cannot be read end it at once, and nothing counts as spent. */
async function expectNoCredentials(): Promise<void> {
  process.env["GOOGLE_APPLICATION_CREDENTIALS"] = "/nonexistent";
  try {
    const end = await oneTurn({ apiKey: "", baseUrl: url, provider: { kind: "vertex", region: "global", projectId: "p", models: {} } });
    expect(end).toMatchObject({ code: "model_rejected", costMicroUsd: 0, message: expect.stringContaining("/nonexistent") });
  } finally {
    delete process.env["GOOGLE_APPLICATION_CREDENTIALS"];
  }
}

/** A frame of AWS's event stream: lengths, checksum, headers of type string (7), payload, checksum. */
function eventStreamMessage(headers: Readonly<Record<string, string>>, payload: unknown): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(Buffer.byteLength(value));
      return Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name), Buffer.from([7]), length, Buffer.from(value)]);
    }),
  );
  const body = Buffer.from(JSON.stringify(payload));
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(16 + head.length + body.length, 0);
  prelude.writeUInt32BE(head.length, 4);
  const withPrelude = Buffer.concat([prelude, checksum(prelude), head, body]);
  return Buffer.concat([withPrelude, checksum(withPrelude)]);
}

/** CRC-32 (IEEE), big endian. */
function checksum(bytes: Buffer): Buffer {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return sum;
}

/** AWS Signature Version 4 of a request as it arrived, from AWS's description of it. */
function signatureOf({ method, path, headers, body }: Seen, keys: { readonly id: string; readonly secret: string }, region: string): string {
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? "")?.[1] ?? "";
  const time = String(headers["x-amz-date"]);
  const scope = `${time.slice(0, 8)}/${region}/bedrock/aws4_request`;
  const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
  const canonicalPath = path.split("/").map((part) => encodeURIComponent(part)).join("/");
  const canonical = [method, canonicalPath, "", ...signed.split(";").map((name) => `${name}:${String(headers[name]).trim()}`), "", signed, hash(body)].join("\n");
  const key = ["aws4_request"].reduce<Buffer>((last, part) => createHmac("sha256", last).update(part).digest(), [time.slice(0, 8), region, "bedrock"].reduce<Buffer>((last, part) => createHmac("sha256", last).update(part).digest(), Buffer.from(`AWS4${keys.secret}`)));
  const signature = createHmac("sha256", key).update(["AWS4-HMAC-SHA256", time, scope, hash(canonical)].join("\n")).digest("hex");
  return `AWS4-HMAC-SHA256 Credential=${keys.id}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}
