import { z } from "zod";
import type { Commit, Git, Signature, Tree, TreeChange } from "../git/git.ts";
import type { Principal } from "../principal.ts";
import { json, notFound, unprocessable, type Reply } from "../reply.ts";
import { answer, repositoryRoute, type RepositoryExchange, type Route } from "../route.ts";
import { known, type State } from "../state.ts";
import { gitCommitJson, noReplyEmail } from "../views/commits.ts";
import { apiUrl } from "../views/repository.ts";
import { nodeId } from "../views/view.ts";

const READ = { permission: "contents", level: "read", role: "read" } as const;
const WRITE = { permission: "contents", level: "write", role: "write" } as const;
const GIT = "/repos/{owner}/{repo}/git";
const OBJECT_ID = /^[0-9a-f]{40}$/;

const gitUrl = ({ state, base, repository }: Pick<RepositoryExchange<unknown>, "state" | "base" | "repository">): string =>
  `${apiUrl({ state, base }, repository)}/git`;

const getBlob = repositoryRoute({
  method: "GET",
  template: `${GIT}/blobs/{file_sha}`,
  access: READ,
  async handle(exchange) {
    const sha = exchange.params["file_sha"] ?? "";
    const bytes = await exchange.git.readBlob(sha);
    if (bytes === null) return answer(notFound());
    if (exchange.accept.includes("raw"))
      return answer({ status: 200, headers: {}, body: { kind: "bytes", bytes, contentType: "application/octet-stream" } });
    return answer(
      json({
        sha,
        node_id: nodeId("B", sha),
        size: bytes.byteLength,
        url: `${gitUrl(exchange)}/blobs/${sha}`,
        content: Buffer.from(bytes).toString("base64"),
        encoding: "base64",
      }),
    );
  },
});

const createBlob = repositoryRoute({
  method: "POST",
  template: `${GIT}/blobs`,
  access: WRITE,
  body: z.object({ content: z.string(), encoding: z.enum(["utf-8", "base64"]).default("utf-8") }),
  async handle(exchange) {
    const { content, encoding } = exchange.body;
    if (encoding === "base64" && !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(content)) return answer(unprocessable("content is not valid Base64"));
    const sha = await exchange.git.writeBlob(Buffer.from(content, encoding === "base64" ? "base64" : "utf8"));
    return answer(json({ sha, url: `${gitUrl(exchange)}/blobs/${sha}` }, 201));
  },
});

function treeJson(exchange: Pick<RepositoryExchange<unknown>, "state" | "base" | "repository">, tree: Tree) {
  const url = gitUrl(exchange);
  const entries = tree.entries.map(({ path, mode, type, id, size }) => ({
    path,
    mode,
    type,
    sha: id,
    ...(size === null ? {} : { size }),
    ...(type === "commit" ? {} : { url: `${url}/${type}s/${id}` }),
  }));
  return { sha: tree.id, url: `${url}/trees/${tree.id}`, tree: entries, truncated: false };
}

const getTree = repositoryRoute({
  method: "GET",
  template: `${GIT}/trees/{tree_sha}`,
  access: READ,
  async handle(exchange) {
    const recursive = exchange.url.searchParams.has("recursive");
    const tree = await exchange.git.readTree(exchange.params["tree_sha"] ?? "", { recursive });
    return answer(tree === null ? notFound() : json(treeJson(exchange, tree)));
  },
});

const treeEntry = z.object({
  path: z.string().min(1),
  mode: z.enum(["100644", "100755", "040000", "160000", "120000"]).default("100644"),
  type: z.enum(["blob", "tree", "commit"]).optional(),
  sha: z.string().nullish(),
  content: z.string().optional(),
});

const createTree = repositoryRoute({
  method: "POST",
  template: `${GIT}/trees`,
  access: WRITE,
  body: z.object({ tree: z.array(treeEntry), base_tree: z.string().optional() }),
  async handle(exchange) {
    const { git, body } = exchange;
    const base = body.base_tree === undefined ? null : await git.readTree(body.base_tree, { recursive: false });
    if (body.base_tree !== undefined && base === null) return answer(unprocessable("base_tree is not a valid tree oid"));
    const changes: TreeChange[] = [];
    for (const entry of body.tree) {
      const change = await treeChange(git, entry);
      if ("refused" in change) return answer(change.refused);
      changes.push(change);
    }
    const written = await git.writeTree(base?.id ?? null, changes);
    if (!written.ok) return answer(unprocessable(written.reason));
    const tree = await git.readTree(written.id, { recursive: false });
    return answer(tree === null ? notFound() : json(treeJson(exchange, tree), 201));
  },
});

const TYPES: Readonly<Record<string, string>> = { "040000": "tree", "160000": "commit" };

async function treeChange(git: Git, entry: z.infer<typeof treeEntry>): Promise<TreeChange | { readonly refused: Reply }> {
  const { path, mode } = entry;
  const components = path.split("/");
  if (components.some((part) => part === "" || part === "." || part === ".." || part.toLowerCase() === ".git"))
    return { refused: unprocessable("tree.path contains a malformed path component") };
  if (entry.content !== undefined) return { path, mode, id: await git.writeBlob(Buffer.from(entry.content)) };
  if (entry.sha === null) return { path, mode, id: null };
  if (entry.sha === undefined) return { refused: unprocessable("Must supply either tree.sha or tree.content.") };
  const type = TYPES[mode] ?? "blob";
  // A submodule's commit lives in another repository.
  if (type !== "commit" && (await git.inspect(entry.sha))?.type !== type)
    return { refused: unprocessable(`tree.sha ${entry.sha} is not a valid ${type}`) };
  return { path, mode, id: entry.sha };
}

const signatureBody = z.object({ name: z.string(), email: z.string(), date: z.iso.datetime({ offset: true }).optional() });

const createCommit = repositoryRoute({
  method: "POST",
  template: `${GIT}/commits`,
  access: WRITE,
  body: z.object({
    message: z.string().min(1),
    tree: z.string(),
    parents: z.array(z.string()).default([]),
    author: signatureBody.optional(),
    committer: signatureBody.optional(),
    signature: z.string().optional(),
  }),
  async handle(exchange) {
    const { git, body, repository, base } = exchange;
    if ((await git.inspect(body.tree))?.type !== "tree") return answer(unprocessable("Tree SHA does not exist"));
    for (const parent of body.parents) {
      if ((await git.inspect(parent))?.type !== "commit") return answer(unprocessable("Parent SHA does not exist or is not a commit object"));
    }
    const signatures = signaturesOf(exchange, body);
    const wish = { tree: body.tree, parents: body.parents, message: body.message, author: signatures.author, committer: signatures.committer };
    const commit: Commit = { ...wish, id: await git.writeCommit(wish) };
    return (state) => {
      const next: State = signatures.signed ? { ...state, signedCommits: new Set([...state.signedCommits, commit.id]) } : state;
      return { state: next, reply: json(gitCommitJson({ state: next, base }, repository, commit), 201) };
    };
  },
});

type SignatureWish = z.infer<typeof signatureBody> | undefined;

interface SignatureWishes {
  readonly author?: SignatureWish;
  readonly committer?: SignatureWish;
  readonly signature?: string | undefined;
}

/** An App's commit without author, committer and signature is GitHub's to sign (docs: commit signature verification for bots). */
function signaturesOf(
  exchange: RepositoryExchange<unknown>,
  body: SignatureWishes,
): { readonly author: Signature; readonly committer: Signature; readonly signed: boolean } {
  const { act, at, state } = exchange;
  const account = known(state.accounts, act.actor.toLowerCase(), "account");
  const own: Signature = { name: account.login, email: noReplyEmail(account.id, account.login), date: at };
  const filled = (wish: SignatureWish): Signature | null =>
    wish === undefined ? null : { name: wish.name, email: wish.email, date: wish.date ?? at };
  const author = filled(body.author) ?? filled(body.committer) ?? own;
  const signed = isBot(exchange.principal) && body.author === undefined && body.committer === undefined && body.signature === undefined;
  const committer = signed ? { name: "GitHub", email: "noreply@github.com", date: at } : (filled(body.committer) ?? author);
  return { author, committer, signed };
}

const isBot = (principal: Principal): boolean => principal.kind === "installation" || principal.kind === "job";

const getCommit = repositoryRoute({
  method: "GET",
  template: `${GIT}/commits/{commit_sha}`,
  access: READ,
  async handle({ git, params, repository, base }) {
    const sha = params["commit_sha"] ?? "";
    if (!OBJECT_ID.test(sha)) return answer(unprocessable("The SHA parameter must be exactly 40 characters and contain only [0-9a-f]."));
    const commit = await git.readCommit(sha);
    return answer(commit === null ? notFound() : (state) => json(gitCommitJson({ state, base }, repository, commit)));
  },
});

export const gitDataRoutes: readonly Route[] = [getBlob, createBlob, getTree, createTree, createCommit, getCommit];
