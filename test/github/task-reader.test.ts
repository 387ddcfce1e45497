/** What an address in a task gives: an issue's text, or a reason; never another host, never an exception. */
import { describe, expect, test } from "vitest";
import { taskReader } from "../../src/github/read/task-reader.ts";
import type { Fetch } from "../../src/shared/ports.ts";

const ISSUE = { title: "Total is\r\nwrong", body: "Line one\r\nLine two", state: "open", user: { login: "ann" } };
const API = "https://api.github.com";

/** A server that answers everything alike, and what it was asked. */
function server(answer: (url: string) => Response | Promise<Response>) {
  const asked: { url: string; authorization: string | null; redirect: string | undefined }[] = [];
  const fetch: Fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    asked.push({ url, authorization: new Headers(init?.headers).get("authorization"), redirect: init?.redirect });
    return answer(url);
  };
  return { asked, read: taskReader({ fetch, apiUrl: API, token: "t0ken" }), fetch };
}
const json = (value: unknown, status = 200): Response => new Response(JSON.stringify(value), { status });

describe("an issue or a pull request", () => {
  test.each([
    "https://github.com/acme/shop/issues/12",
    "https://github.com/acme/shop/issues/12.",
    "https://github.com/acme/shop/issues/12#issuecomment-7",
    "https://github.com/acme/shop/pull/12/files?w=1",
  ])("%s is read through the API, with the token, following no redirect", async (address) => {
    const { asked, read } = server(() => json(ISSUE));
    expect(await read(address)).toEqual({ value: "Issue acme/shop#12 (open, by ann): Total is wrong\n\nLine one\nLine two\n" });
    expect(asked).toEqual([{ url: `${API}/repos/acme/shop/issues/12`, authorization: "Bearer t0ken", redirect: "manual" }]);
  });

  test("a pull request says so, one without a description too; without a token none is sent", async () => {
    const { asked, fetch } = server(() => json({ ...ISSUE, body: null, user: null, pull_request: {} }));
    expect(await taskReader({ fetch, apiUrl: `${API}/`, token: "" })("https://github.com/acme/shop/pull/3")).toEqual({ value: "Pull request acme/shop#3 (open): Total is wrong\n\n(no description)\n" });
    expect(asked).toMatchObject([{ url: `${API}/repos/acme/shop/issues/3`, authorization: null }]);
  });

  test("another server's own pages are read where its API is", async () => {
    const { asked, fetch } = server(() => json(ISSUE));
    expect(await taskReader({ fetch, apiUrl: "https://git.acme.example/api/v3", token: "" })("https://git.acme.example/acme/shop/issues/1")).toHaveProperty("value", expect.stringContaining("Issue acme/shop#1"));
    expect(asked.map(({ url }) => url)).toEqual(["https://git.acme.example/api/v3/repos/acme/shop/issues/1"]);
  });
});

describe("whatever else an address is, nothing is asked of anybody", () => {
  test.each([
    "https://example.org/acme/shop/issues/12",
    "http://github.com/acme/shop/issues/12",
    "https://github.com.evil.example/acme/shop/issues/12",
    "https://github.com@evil.example/acme/shop/issues/12",
    "https://user:secret@github.com/acme/shop/issues/12",
    "https://github.com:8443/acme/shop/issues/12",
    "https://github.com/acme/shop",
    "https://github.com/acme/../../user/issues/12",
    "https://github.com/acme/%2e%2e/issues/12",
    "https://github.com/acme/..%2f..%2fuser/issues/12",
    "https://github.com/acme/shop/issues/0",
    "https://github.com/acme/shop/issues/12345678901",
    "https://169.254.169.254/acme/shop/issues/12",
    "file:///etc/passwd",
    "not an address",
  ])("%s", async (address) => {
    const { asked, read } = server(() => json(ISSUE));
    expect(await read(address)).toEqual({ value: null, reason: "it is no address of a GitHub issue or pull request" });
    expect(asked).toEqual([]);
  });
});

describe("what goes wrong is a reason", () => {
  const address = "https://github.com/acme/shop/issues/12";
  test.each<readonly [string, () => Response | Promise<Response>, string]>([
    ["not found", () => json({}, 404), "GitHub shows no such issue or pull request with this token"],
    ["rate limit", () => json({}, 403), "GitHub answered 403 with this token"],
    ["moved", () => new Response(null, { status: 301, headers: { location: "https://evil.example/" } }), "it has moved; give its new address"],
    ["outage", () => json({}, 502), "GitHub answered 502; try again later"],
    ["no network", () => Promise.reject(new Error("getaddrinfo ENOTFOUND")), "GitHub could not be reached (getaddrinfo ENOTFOUND)"],
    ["no JSON", () => new Response("<html>"), "GitHub's answer is not of the documented form"],
    ["JSON of another form", () => json({ title: 7 }), "GitHub's answer is not of the documented form"],
    ["a text over the limit", () => json({ ...ISSUE, body: "x".repeat(200_000) }), "its text has 200052 bytes; the limit is 131072"],
    ["an answer without end", () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) })), "GitHub's answer has more than 1048576 bytes"],
  ])("%s", async (_, answer, reason) => {
    expect(await server(answer).read(address)).toEqual({ value: null, reason });
  });

  test("a base that is no URL", async () => {
    expect(await taskReader({ fetch: server(() => json(ISSUE)).fetch, apiUrl: "api", token: "" })(address)).toEqual({ value: null, reason: "GITHUB_API_URL is no URL; correct or unset it" });
  });

  test("only an abort is thrown: it says nothing about the address", async () => {
    const abort = new AbortController();
    abort.abort(new Error("stopped"));
    await expect(server(() => Promise.reject(new Error("aborted"))).read(address, abort.signal)).rejects.toThrow("stopped");
  });
});
