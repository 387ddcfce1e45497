import type { TreeEntry } from "../git/git.ts";
import { failure, json, notFound, type Reply } from "../reply.ts";
import { answer, repositoryRoute, type RepositoryExchange, type Route } from "../route.ts";
import { apiUrl, pageUrl } from "../views/repository.ts";

/** Larger files come without content, only raw (docs: repository contents, 1-100 MB). */
const MAX_ENCODED_BYTES = 1024 * 1024;

const getContents = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/contents/{path}",
  access: { permission: "contents", level: "read", role: "read" },
  async handle(exchange) {
    const { repository, git, params, url, accept } = exchange;
    const path = (params["path"] ?? "").replace(/\/+$/, "");
    const ref = url.searchParams.get("ref");
    const commit = await git.commitOf(ref ?? repository.defaultBranch);
    if (commit === null) return answer(ref === null ? failure(404, "This repository is empty.") : failure(404, `No commit found for the ref ${ref}`));
    const entry = await git.entryAt(commit, path);
    if (entry === null) return answer(notFound());
    const at = ref ?? repository.defaultBranch;
    if (entry.type === "tree") {
      const tree = await git.readTree(entry.id, { recursive: false });
      const prefix = path === "" ? "" : `${path}/`;
      return answer(json((tree?.entries ?? []).map((child) => entryJson(exchange, { ...child, path: prefix + child.path }, at))));
    }
    const bytes = await git.readBlob(entry.id);
    if (bytes === null) return answer(json(entryJson(exchange, entry, at)));
    return answer(fileReply(exchange, entry, { at, bytes, raw: accept.includes("raw") }));
  },
});

function fileReply(
  exchange: RepositoryExchange<undefined>,
  entry: TreeEntry,
  file: { readonly at: string; readonly bytes: Uint8Array; readonly raw: boolean },
): Reply {
  if (file.raw)
    return { status: 200, headers: {}, body: { kind: "bytes", bytes: file.bytes, contentType: "application/vnd.github.raw+json; charset=utf-8" } };
  const common = entryJson(exchange, entry, file.at);
  if (entry.mode === "120000") return json({ ...common, target: Buffer.from(file.bytes).toString("utf8") });
  if (file.bytes.byteLength > MAX_ENCODED_BYTES) return json({ ...common, content: "", encoding: "none" });
  // GitHub breaks base64 into lines of 60 characters
  const content = Buffer.from(file.bytes).toString("base64").replaceAll(/.{60}/g, "$&\n");
  return json({ ...common, content: content.endsWith("\n") || content === "" ? content : `${content}\n`, encoding: "base64" });
}

function entryJson(exchange: RepositoryExchange<undefined>, entry: TreeEntry, at: string) {
  const view = { state: exchange.state, base: exchange.base };
  const path = entry.path.split("/").map(encodeURIComponent).join("/");
  const url = `${apiUrl(view, exchange.repository)}/contents/${path}?ref=${encodeURIComponent(at)}`;
  const gitUrl = `${apiUrl(view, exchange.repository)}/git/${entry.type === "tree" ? "trees" : "blobs"}/${entry.id}`;
  const htmlUrl = `${pageUrl(view, exchange.repository)}/${entry.type === "tree" ? "tree" : "blob"}/${at}/${path}`;
  const type = entry.type === "tree" ? "dir" : entry.type === "commit" ? "submodule" : entry.mode === "120000" ? "symlink" : "file";
  return {
    type,
    name: entry.path.split("/").at(-1) ?? "",
    path: entry.path,
    sha: entry.id,
    size: entry.size ?? 0,
    url,
    git_url: gitUrl,
    html_url: htmlUrl,
    download_url: type === "file" ? `${pageUrl(view, exchange.repository)}/raw/${at}/${path}` : null,
    _links: { self: url, git: gitUrl, html: htmlUrl },
  };
}

export const contentRoutes: readonly Route[] = [getContents];
