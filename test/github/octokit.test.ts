/** Bodies are read by us and not by Octokit: what came is what is given. */
import { Octokit } from "@octokit/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { fromOctokit } from "../../src/github/octokit.ts";
import { isOutage } from "../../src/github/request-error.ts";

function answering(body: ConstructorParameters<typeof Response>[0], type: string | null, status = 200) {
  const headers: Record<string, string> = type === null ? {} : { "content-type": type };
  const fetch = async (): Promise<Response> => new Response(body, { status, headers });
  return fromOctokit(new Octokit({ request: { fetch } }), "https://api.github.test/graphql").request("GET /thing");
}

const cut = (): ReadableStream =>
  new ReadableStream({
    pull(controller) {
      controller.error(new TypeError("terminated"));
    },
  });

test.each<[string, ConstructorParameters<typeof Response>[0], string | null, unknown]>([
  ["JSON", '{"id":1,"text":"ü"}', "application/json; charset=utf-8", { id: 1, text: "ü" }],
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
