/** What goes over the wire, and how an answer is read: what came is what is given. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { z } from "zod";
import { BrokenAnswerError, isOutage, requestFailure, whatGitHubSaid } from "../../src/github/request-error.ts";
import { createSender } from "../../src/github/send.ts";

const sender = (fetch: typeof globalThis.fetch, token: string | null = "s3cret") =>
  createSender({ baseUrl: "https://api.github.test/", graphqlUrl: "https://api.github.test/graphql", userAgent: "tests", token: () => Promise.resolve(token), fetch });

function answering(body: ConstructorParameters<typeof Response>[0], type: string | null, status = 200) {
  const headers: Record<string, string> = type === null ? {} : { "content-type": type };
  const fetch = async (): Promise<Response> => new Response(body, { status, headers });
  return sender(fetch).request("GET /thing");
}

const cut = (): ReadableStream =>
  new ReadableStream({
    pull(controller) {
      controller.error(new TypeError("terminated"));
    },
  });

test.each<[string, ConstructorParameters<typeof Response>[0], string | null, unknown]>([
  ["JSON", '{"id":1,"text":"ü"}', "application/json; charset=utf-8", { id: 1, text: "ü" }],
  ["an id beyond 2^53, and what only looks like one", '[{"id": 3804004623172239366,"of":{"id":9007199254740991},"said":"\\"id\\":3804004623172239366,"}]', "application/json", [{ id: "3804004623172239366", of: { id: 9007199254740991 }, said: '"id":3804004623172239366,' }]],
  ["JSON that was cut off", '{"id":1', "application/json", '{"id":1'],
  ["text", "plain", "text/plain", "plain"],
  ["another type in UTF-8", "patch", "application/vnd.github.patch; charset=utf-8", "patch"],
  ["nothing", null, "application/json", ""],
])("%s", async (_, body, type, expected) => {
  expect((await answering(body, type)).data).toEqual(expected);
});

test.each(["application/json", "text/plain", "application/zip"])("fault 44: a connection that breaks in a body of type %s is an outage: what was asked may have been done", async (type) => {
  const failed = await answering(cut(), type).catch((error: unknown) => error);
  expect(isOutage(failed)).toBe(true);
});

test("bytes stay bytes", async () => {
  const { data } = await answering(new Uint8Array([1, 255]), "application/zip");
  expect(data instanceof ArrayBuffer ? [...new Uint8Array(data)] : null).toEqual([1, 255]);
});

test("a whole number that JavaScript cannot hold fails its schema instead of being another one", async () => {
  const { data } = await answering('{"id":9007199254740993}', "application/json");
  expect(z.object({ id: z.int() }).safeParse(data).success).toBe(false);
});

test("a failure is told with GitHub's words", async () => {
  await expect(answering('{"message":"Gone"}', "application/json", 410)).rejects.toThrow("Gone");
});

test.each<[string, Readonly<Record<string, unknown>>, string, string | undefined]>([
  ["GET /repos/{owner}/{repo}/git/ref/{ref}", { owner: "a", repo: "b", ref: "heads/it's (one)" }, "GET /repos/a/b/git/ref/heads%2Fit%27s%20%28one%29", undefined],
  ["GET /x/{a}/{a}", { a: "../..", per_page: 100, since: undefined, head: "o:b&c=d e" }, "GET /x/..%2F../..%2F..?per_page=100&head=o%3Ab%26c%3Dd%20e", undefined],
  ["POST /repos/{owner}/issues", { owner: "a", title: "{owner}", body: null, labels: ["x"], missing: undefined }, "POST /repos/a/issues", '{"title":"{owner}","body":null,"labels":["x"]}'],
  ["DELETE /labels/{name}", { name: "a/b" }, "DELETE /labels/a%2Fb", undefined],
  ["POST /graphql", { query: "query X { a }", variables: { b: 1 } }, "POST /graphql", '{"query":"query X { a }","variables":{"b":1}}'],
])("what is sent for %s", async (route, parameters, line, body) => {
  const sent: Request[] = [];
  const fetch = async (...asked: ConstructorParameters<typeof Request>): Promise<Response> => (sent.push(new Request(...asked)), Response.json({ data: {} }));
  await sender(fetch).request(route, parameters);
  const [request] = sent;
  expect(`${request?.method} ${request?.url.replace("https://api.github.test", "")}`).toBe(line);
  expect(await request?.text()).toBe(body ?? "");
  const { authorization, "content-type": type, "x-github-api-version": version, "user-agent": agent } = Object.fromEntries(request?.headers ?? []);
  expect([authorization, type, version, agent]).toEqual(["Bearer s3cret", body === undefined ? undefined : "application/json; charset=utf-8", "2026-03-10", "tests"]);
});

test("without a token none is sent, and a redirect that is left to the caller is not followed", async () => {
  const sent: RequestInit[] = [];
  const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => (sent.push(init ?? {}), new Response(null, { status: 302, headers: { location: "https://elsewhere.test/" } }));
  const { status, headers } = await sender(fetch, null).request("GET /x", { request: { redirect: "manual" } });
  expect([status, headers["location"], sent[0]?.redirect, "authorization" in (sent[0]?.headers ?? {})]).toEqual([302, "https://elsewhere.test/", "manual", false]);
});

test("fault 52: under a renamed repository's old name what is read and written reaches the new one, whole; another server gets no token", async () => {
  const seen: string[] = [];
  const serve = async (name: string, locationOf: (path: string) => string | null) => {
    const server = createServer(async (request: IncomingMessage, response) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      seen.push(`${name} ${request.method} ${request.url} ${request.headers.authorization ?? "no token"} ${body}`);
      const location = locationOf(request.url ?? "");
      // As GitHub does: 301 to a read, 307 to what changes something.
      if (location === null) response.writeHead(200, { "content-type": "application/json" }).end('{"id":1}');
      else response.writeHead(request.method === "GET" ? 301 : 307, { location }).end('{"message":"Moved Permanently"}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  };
  const other = await serve("other", () => null);
  const github = await serve("github", (path) => (path.startsWith("/repos/acme/old") ? path.replace("/repos/acme/old", "/repositories/7") : path.startsWith("/repos/acme/away") ? `${other.url}/taken` : null));
  try {
    const { request } = createSender({ baseUrl: github.url, graphqlUrl: `${github.url}/graphql`, userAgent: "tests", token: () => Promise.resolve("s3cret"), fetch: globalThis.fetch });
    const repository = { owner: "acme", repo: "old" };
    expect((await request("GET /repos/{owner}/{repo}", repository)).data).toEqual({ id: 1 });
    await request("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", { ...repository, issue_number: 3, body: "Hi" });
    await request("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", { ...repository, comment_id: 5, body: "Ho" });
    await request("GET /repos/{owner}/{repo}", { owner: "acme", repo: "away" });
    expect(seen.filter((line) => !line.includes("/repos/"))).toEqual(["github GET /repositories/7 Bearer s3cret ", 'github POST /repositories/7/issues/3/comments Bearer s3cret {"body":"Hi"}', 'github PATCH /repositories/7/issues/comments/5 Bearer s3cret {"body":"Ho"}', "other GET /taken no token "]);
  } finally {
    for (const { server } of [github, other]) server.close().closeAllConnections();
  }
});

test.each([undefined, "", null, {}, ".", ".."])("a path that lacks a value, or has one that leads out of it (%j), is not asked for: it would be another path", async (name) => {
  let asked = 0;
  const fetch = async (): Promise<Response> => ((asked += 1), Response.json({}));
  await expect(sender(fetch).request("DELETE /labels/{name}", { name })).rejects.toThrow("has no value");
  expect(asked).toBe(0);
});

test("a network that fails is an outage told with its reason; what is thrown holds no token", async () => {
  const fetch = (): Promise<Response> => Promise.reject(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED 127.0.0.1:1") }));
  const failed = await sender(fetch).request("POST /x", { a: 1 }).catch((error: unknown) => error);
  expect([isOutage(failed), failed instanceof Error ? failed.message : null, requestFailure(failed)?.response]).toEqual([true, "connect ECONNREFUSED 127.0.0.1:1", undefined]);
  expect(JSON.stringify(failed)).not.toContain("s3cret");
});

test("what GitHub refused is a refusal though its words are cut off; what it answered with a 502 is not known", async () => {
  const failures = await Promise.all([403, 502].map((status) => answering(cut(), "application/json", status).catch((error: unknown) => error)));
  expect(failures.map((error) => requestFailure(error)?.status)).toEqual([403, 500]);
  expect(failures.map((error) => error instanceof BrokenAnswerError)).toEqual([false, true]);
});

test("GitHub's errors stand in the message, its own word for people apart", async () => {
  const failed = await answering('{"message":"Validation Failed","errors":[{"field":"base"}],"documentation_url":"https://docs.test/x"}', "application/json", 422).catch((error: unknown) => error);
  const failure = requestFailure(failed);
  expect([failure?.message, failure === null ? null : whatGitHubSaid(failure)]).toEqual(['Validation Failed: {"field":"base"} - https://docs.test/x', "Validation Failed"]);
});
