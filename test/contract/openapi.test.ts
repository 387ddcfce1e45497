import { expect, test } from "vitest";
import { checkRequest, checkResponse } from "./openapi.ts";

test("a request that GitHub describes passes, slashes in a last parameter and encoded ones alike", () => {
  expect(checkRequest({ method: "GET", path: "/repos/acme/calc/contents/src/add.js", query: { ref: "main" } })).toEqual([]);
  expect(checkRequest({ method: "GET", path: "/repos/acme/calc/git/ref/heads%2Fmain" })).toEqual([]);
  expect(checkRequest({ method: "POST", path: "/repos/acme/calc/issues/1/comments", body: { body: "hello" } })).toEqual([]);
});

test.each([
  { why: "an unknown route", request: { method: "GET", path: "/repos/acme/calc/isues" }, says: "no such operation" },
  { why: "a parameter of the wrong type", request: { method: "GET", path: "/repos/acme/calc/issues/one" }, says: "issue_number" },
  { why: "an unknown query parameter", request: { method: "GET", path: "/repos/acme/calc/issues", query: { lables: "x" } }, says: "lables" },
  { why: "a missing field", request: { method: "POST", path: "/repos/acme/calc/git/refs", body: { ref: "refs/heads/x" } }, says: "sha" },
  { why: "a missing body", request: { method: "POST", path: "/repos/acme/calc/issues/1/comments" }, says: "body is missing" },
  {
    why: "an unknown field",
    request: { method: "POST", path: "/repos/acme/calc/pulls", body: { title: "t", head: "h", base: "b", labels: [] } },
    says: "body/labels is not described",
  },
  {
    why: "an unknown field inside",
    request: {
      method: "POST",
      path: "/repos/acme/calc/check-runs",
      body: { name: "n", head_sha: "a", output: { title: "t", summary: "s", colour: "red" } },
    },
    says: "body/output/colour is not described",
  },
  {
    why: "a value outside the enumeration",
    request: { method: "POST", path: "/repos/acme/calc/issues/1/reactions", body: { content: "tada" } },
    says: "content",
  },
  { why: "a body where none belongs", request: { method: "GET", path: "/repos/acme/calc", body: { a: 1 } }, says: "a body is sent" },
])("$why is named", ({ request, says }) => {
  expect(checkRequest(request).join("\n")).toContain(says);
});

test("an answer that misses a required field, or has a status GitHub does not describe, is named", () => {
  const asked = { method: "GET", path: "/repos/acme/calc/git/ref/heads/main", status: 200 };
  expect(checkResponse({ ...asked, answer: { ref: "refs/heads/main" } }).join("\n")).toContain("object");
  expect(checkResponse({ ...asked, status: 206, answer: {} }).join("\n")).toContain("206");
});
