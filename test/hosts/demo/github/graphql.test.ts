import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWorld, type Answered, type World } from "./world.ts";

let world: World;
/** A job that may read contents and nothing else. */
let reader: string;
beforeAll(async () => {
  world = await startWorld();
  const dispatched = await world.call(world.app, "POST", "/repos/acme/calc/actions/workflows/train.yml/dispatches", { ref: "main", inputs: { key: "k" }, return_run_details: true });
  reader = world.github.actions.createJob(dispatched.body.workflow_run_id, { name: "reader", permissions: { contents: "read" } }).token;
});
afterAll(() => world.close());

const ask = (token: string | null, query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Answered> => world.call(token, "POST", `${world.github.url}/graphql`, { query, variables });
const about = (fields: string): string => `query Asked { repository(owner: "acme", name: "calc") { ${fields} } }`;
const kinds = ({ body }: Answered): unknown[] => (body.errors ?? []).map((error: { type?: string; extensions?: { code: string } }) => error.type ?? error.extensions?.code);

describe("what is asked", () => {
  test("repository, files, refs, an issue with labels and comments, a pull request's branch, a collaborator", async () => {
    const issue = await world.call(world.maintainer, "POST", "/repos/acme/calc/issues", { title: "add subtracts", body: "b" });
    await world.call(world.maintainer, "POST", `/repos/acme/calc/issues/${issue.body.number}/labels`, { labels: ["worktrain:ready"] });
    for (const token of [world.app, world.maintainer]) await world.call(token, "POST", `/repos/acme/calc/issues/${issue.body.number}/comments`, { body: "hello" });
    const head = (await world.call(world.app, "GET", "/repos/acme/calc/git/ref/heads/main")).body.object.sha;
    const fields = `databaseId isArchived owner { login } defaultBranchRef { name target { oid } }
      file: object(expression: "HEAD:README.md") { ... on Blob { text byteSize isBinary isTruncated } }
      none: object(expression: "HEAD:nothing") { oid }
      main: ref(qualifiedName: "refs/heads/main") { target { ... on Commit { message parents(first: 2) { nodes { oid } } } } }
      gone: ref(qualifiedName: "refs/heads/gone") { name }
      issue(number: ${issue.body.number}) { title state author { login } labels(first: 100) { nodes { name } } comments(first: 100) { totalCount nodes { viewerDidAuthor } } }
      pullRequests(first: 1, headRefName: "x") { totalCount }
      collaborators(login: "mona", first: 1) { edges { permission node { login } } }`;
    expect((await ask(world.app, about(fields))).body).toEqual({
      data: {
        repository: {
          databaseId: world.repositoryId,
          isArchived: false,
          owner: { login: "acme" },
          defaultBranchRef: { name: "main", target: { oid: head } },
          file: { text: "# calc\n", byteSize: 7, isBinary: false, isTruncated: false },
          none: null,
          main: { target: { message: "first", parents: { nodes: [] } } },
          gone: null,
          issue: { title: "add subtracts", state: "OPEN", author: { login: "mona" }, labels: { nodes: [{ name: "worktrain:ready" }] }, comments: { totalCount: 2, nodes: [{ viewerDidAuthor: true }, { viewerDidAuthor: false }] } },
          pullRequests: { totalCount: 0 },
          collaborators: { edges: [{ permission: "MAINTAIN", node: { login: "mona" } }] },
        },
      },
    });
  });

  test("what closes an issue: the words GitHub knows, open or merged, into the default branch; and pull requests by state, newest first", async () => {
    const issue = await world.call(world.maintainer, "POST", "/repos/acme/calc/issues", { title: "to be closed" });
    const { number } = issue.body;
    const head = (await world.call(world.app, "GET", "/repos/acme/calc/git/ref/heads/main")).body.object.sha;
    const { tree } = (await world.call(world.app, "GET", `/repos/acme/calc/git/commits/${head}`)).body;
    const pull = async (name: string, body: string): Promise<number> => {
      const commit = (await world.call(world.maintainer, "POST", "/repos/acme/calc/git/commits", { message: name, tree: tree.sha, parents: [head] })).body.sha;
      await world.call(world.maintainer, "POST", "/repos/acme/calc/git/refs", { ref: `refs/heads/${name}`, sha: commit });
      return (await world.call(world.maintainer, "POST", "/repos/acme/calc/pulls", { title: name, head: name, base: "main", body })).body.number;
    };
    const [closes, mentions] = [await pull("closes", `Resolves: #${number}`), await pull("mentions", `See #${number}, not fixes#${number}`)];
    const asked = about(`issue(number: ${number}) { closedByPullRequestsReferences(first: 10) { nodes { number } } } pullRequests(first: 1, states: [OPEN], orderBy: { field: CREATED_AT, direction: DESC }) { totalCount nodes { number } }`);
    expect((await ask(world.app, asked)).body.data.repository).toEqual({ issue: { closedByPullRequestsReferences: { nodes: [{ number: closes }] } }, pullRequests: { totalCount: 2, nodes: [{ number: mentions }] } });
    await world.call(world.maintainer, "PATCH", `/repos/acme/calc/pulls/${closes}`, { state: "closed" });
    expect((await ask(world.app, asked)).body.data.repository).toMatchObject({ issue: { closedByPullRequestsReferences: { nodes: [] } }, pullRequests: { totalCount: 1 } });
  });

  test("a permission that the token lacks is refused for its field alone", async () => {
    const answered = await ask(reader, about('defaultBranchRef { name } issue(number: 1) { title } collaborators(login: "mona", first: 1) { edges { permission } }'));
    expect(answered.body.data.repository).toMatchObject({ defaultBranchRef: { name: "main" }, issue: null, collaborators: { edges: [{ permission: "MAINTAIN" }] } });
    expect(kinds(answered)).toEqual(["FORBIDDEN"]);
  });

  test("what is not there and what nobody serves are told apart", async () => {
    expect(kinds(await ask(world.app, about("issue(number: 999) { title }")))).toEqual(["NOT_FOUND"]);
    expect(kinds(await ask(world.app, 'query Asked { repository(owner: "acme", name: "nothing") { name } }'))).toEqual(["NOT_FOUND"]);
    expect(kinds(await ask(world.app, about("stargazerCount")))).toEqual(["undefinedField"]);
    expect(kinds(await ask(world.app, "query Asked {"))).toEqual(["parseError"]);
    expect(kinds(await ask(world.app, about('pullRequests(headRefName: "x") { totalCount }')))).toEqual(["UNPROCESSABLE"]);
    expect((await ask(null, about("name"))).status).toBe(401);
    expect((await ask(world.appJwt(), about("name"))).status).toBe(401);
    expect((await ask(world.app, '{ repository(owner: "acme", name: "calc") { name } }')).status).toBe(400);
  });
});

describe("updateRefs", () => {
  const NONE = "0".repeat(40);
  const MUTATION = "mutation Move($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";
  const move = async (refUpdates: readonly unknown[], token = world.app): Promise<Answered> => {
    const id = (await ask(world.app, about("id"))).body.data.repository.id;
    return ask(token, MUTATION, { input: { repositoryId: id, refUpdates } });
  };
  const at = async (ref: string): Promise<string | null> => (await world.call(world.app, "GET", `/repos/acme/calc/git/ref/${ref}`)).body.object?.sha ?? null;
  const commit = async (parents: readonly string[], message: string): Promise<string> => (await world.call(world.app, "POST", "/repos/acme/calc/git/commits", { message, tree: "4b825dc642cb6eb9a060e54bf8d69288fbee4904", parents })).body.sha;

  test("makes, moves and removes several refs at once, custom ones too", async () => {
    const [one, other] = [await commit([], "one"), await commit([], "other")];
    expect((await move([{ name: "refs/heads/a", beforeOid: NONE, afterOid: one }, { name: "refs/mine/7/a", beforeOid: NONE, afterOid: other }])).body).toEqual({ data: { updateRefs: { clientMutationId: null } } });
    expect([await at("heads/a"), await at("mine/7/a")]).toEqual([one, other]);
    const next = await commit([other], "next");
    await move([{ name: "refs/heads/a", beforeOid: one, afterOid: NONE }, { name: "refs/mine/7/a", beforeOid: other, afterOid: next }]);
    expect([await at("heads/a"), await at("mine/7/a")]).toEqual([null, next]);
  });

  test("moves none when one of them is not where it should be, does not go forward or does not exist", async () => {
    const [one, other] = [await commit([], "first"), await commit([], "second")];
    await move([{ name: "refs/mine/kept", beforeOid: NONE, afterOid: one }]);
    const fresh = { name: "refs/heads/fresh", beforeOid: NONE, afterOid: one };
    for (const bad of [
      { name: "refs/mine/kept", beforeOid: NONE, afterOid: other },
      { name: "refs/mine/kept", beforeOid: other, afterOid: other },
      { name: "refs/mine/kept", beforeOid: one, afterOid: other },
      { name: "refs/mine/new", beforeOid: NONE, afterOid: "d".repeat(40) },
      { name: "refs/pull/1/head", afterOid: one },
      { name: "kept", afterOid: one },
    ]) {
      expect(kinds(await move([fresh, bad]))).toEqual(["UNPROCESSABLE"]);
      expect([await at("heads/fresh"), await at("mine/kept")]).toEqual([null, one]);
    }
    expect(kinds(await move([{ name: "refs/mine/kept", beforeOid: one, afterOid: other, force: true }]))).toEqual([]);
    expect(await at("mine/kept")).toBe(other);
  });

  test("needs contents: write, and of custom refs nobody is told", async () => {
    const one = await commit([], "told");
    expect(kinds(await move([{ name: "refs/heads/b", beforeOid: NONE, afterOid: one }], reader))).toEqual(["FORBIDDEN"]);
    const pushes = () => world.github.state().history.flatMap((happening) => (happening.kind === "push" ? [happening.ref] : []));
    const before = pushes().length;
    await move([{ name: "refs/heads/b", beforeOid: NONE, afterOid: one }, { name: "refs/mine/told", afterOid: one }]);
    expect(pushes().slice(before)).toEqual(["refs/heads/b"]);
  });

  test("a fault ordered by its operation's name: done, and the answer lost", async () => {
    const one = await commit([], "lost");
    const id = (await ask(world.app, about("id"))).body.data.repository.id;
    world.github.failNext({ method: "POST", route: "/graphql#Move", dropResponseAfterApplying: true });
    await expect(ask(world.app, MUTATION, { input: { repositoryId: id, refUpdates: [{ name: "refs/mine/lost", afterOid: one }] } })).rejects.toThrow("fetch failed");
    expect(await at("mine/lost")).toBe(one);
    expect(world.github.requests.filter(({ route, changes }) => route === "/graphql#Move" && changes).at(-1)).toMatchObject({ kind: "graphql", faulted: true });
  });
});
