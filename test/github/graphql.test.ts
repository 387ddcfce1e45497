import { describe, expect, test } from "vitest";
import { z } from "zod";
import { graphqlUrlOf, isGraphQlQuery, queryGraphQl } from "../../src/github/graphql.ts";
import { createGitHub } from "../../src/github/create-github.ts";
import { fakeClock } from "../fakes/clock.ts";

const QUERY = "query Asked($a: Int!) { repository { issue } }";
const MUTATION = "mutation Done { updateRefs { clientMutationId } }";

/** A client whose server gives these answers one after the other; a number is a status without a body. */
function client(...answers: readonly unknown[]) {
  const clock = fakeClock();
  const asked: { url: string; body: unknown }[] = [];
  const left = [...answers];
  const github = createGitHub({
    token: "t",
    baseUrl: "https://ghe.example/api/v3",
    userAgent: "tests",
    clock,
    fetch: async (input, init) => {
      asked.push({ url: input instanceof Request ? input.url : input.toString(), body: JSON.parse(typeof init?.body === "string" ? init.body : "null") });
      const answer = left.shift();
      return typeof answer === "number" ? new Response("{}", { status: answer, headers: { "content-type": "application/json" } }) : Response.json(answer, { headers: { "retry-after": "5" } });
    },
  });
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => undefined);
    for (let step = 0; step < 120; step += 1) await clock.advance(1_000);
    return promise;
  };
  return { github, asked, settle };
}

const ask = (github: ReturnType<typeof client>["github"], more: Partial<Parameters<typeof queryGraphQl>[1]> = {}) =>
  queryGraphQl(github, { document: QUERY, variables: { a: 1 }, schema: z.object({ repository: z.object({ issue: z.string().nullable() }).nullable() }), mayBeMissing: ["repository", "repository.issue"], ...more });

test("it is sent to where the server speaks GraphQL, with document and variables alone", async () => {
  const { github, asked } = client({ data: { repository: { issue: "x" } } });
  expect(await ask(github)).toEqual({ repository: { issue: "x" } });
  expect(asked).toEqual([{ url: "https://ghe.example/api/graphql", body: { query: QUERY, variables: { a: 1 } } }]);
  expect([graphqlUrlOf("https://api.github.com"), graphqlUrlOf("http://127.0.0.1:1/")]).toEqual(["https://api.github.com/graphql", "http://127.0.0.1:1/graphql"]);
});

describe("what a 200 says went wrong", () => {
  const missing = { data: { repository: { issue: null } }, errors: [{ type: "NOT_FOUND", path: ["repository", "issue"], message: "Could not resolve" }] };
  const forbidden = { data: { repository: { issue: null } }, errors: [{ type: "FORBIDDEN", path: ["repository", "issue"], message: "Resource not accessible" }] };

  test("what may be missing is null; what may not, and what is forbidden, is a refusal with GitHub's words", async () => {
    expect(await ask(client(missing).github)).toEqual({ repository: { issue: null } });
    await expect(ask(client(missing).github, { mayBeMissing: [] })).rejects.toThrow("NOT_FOUND at repository.issue");
    await expect(ask(client(forbidden).github)).rejects.toThrow("Resource not accessible");
    expect(await ask(client(forbidden).github, { mayBeRefused: ["repository.issue"] })).toEqual({ repository: { issue: null } });
    await expect(ask(client({ errors: [{ message: "Field 'x' doesn't exist", extensions: { code: "undefinedField" } }] }).github)).rejects.toThrow("undefinedField");
  });

  test("an answer of another form is named", async () => {
    await expect(ask(client({ data: { repository: { issue: 3 } } }).github)).rejects.toThrow("not of the documented form");
  });

  test("fault 53: a rate limit is waited for as long as GitHub says, for queries and mutations alike", async () => {
    const limited = { data: null, errors: [{ type: "RATE_LIMITED", message: "API rate limit exceeded" }] };
    for (const document of [QUERY, MUTATION]) {
      const { github, asked, settle } = client(limited, limited, { data: { repository: null } });
      expect(await settle(ask(github, { document }))).toEqual({ repository: null });
      expect(asked).toHaveLength(3);
    }
  });

  test("fault 54: no answer at all is an outage: a query is asked again, a mutation may have been done and is left to whoever can look", async () => {
    for (const outage of [{ data: null, errors: [{ message: "Something went wrong while executing your query." }] }, "no JSON object", 502]) {
      const read = client(outage, { data: { repository: null } });
      expect(await read.settle(ask(read.github))).toEqual({ repository: null });
      const write = client(outage);
      await expect(write.settle(ask(write.github, { document: MUTATION }))).rejects.toMatchObject({ status: 502 });
      expect(write.asked).toHaveLength(1);
    }
  });

  test("only a document that begins as a query is one", () => {
    expect([QUERY, MUTATION, "{ a }", undefined].map((query) => isGraphQlQuery("POST /graphql", { query }))).toEqual([true, false, false, false]);
    expect(isGraphQlQuery("POST /repos", { query: QUERY })).toBe(false);
  });
});
