import { z } from "zod";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import type { GitData, GitHead } from "../../shared/ports.ts";
import type { GitHub, GitHubResponse, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { readTree } from "../read/index.ts";
import { hasStatus, requestFailure, whatGitHubSaid } from "../request-error.ts";

const objectSchema = z.object({ sha: z.string() });
const refSchema = z.object({ ref: z.string(), object: z.object({ sha: z.string(), type: z.string() }) });
const commitSchema = z.object({ sha: z.string(), tree: objectSchema });
const blobSchema = z.object({ content: z.string(), encoding: z.literal("base64") });

/** What GitHub takes for one blob (P-git-data). */
const MAX_BLOB_BYTES = 100 * 1024 * 1024;

/**
 * A repository's git data over GitHub's REST API. A ref is moved without force, so only to a descendant of where it stands:
 * to a child of `from` that is a compare-and-swap.
 */
export function githubGitData(github: GitHub, repository: Repository): GitData {
  const send = async (route: string, parameters: Readonly<Record<string, unknown>>): Promise<GitHubResponse> => {
    try {
      return await github.request(route, { ...repository, ...parameters });
    } catch (error) {
      throw explained(error, route, repository);
    }
  };
  const made = async (route: string, parameters: Readonly<Record<string, unknown>>): Promise<string> => parseAnswer(objectSchema, (await send(route, parameters)).data, route).sha;

  const commitAt = async (ref: string): Promise<string | null> => {
    const route = "GET /repos/{owner}/{repo}/git/ref/{ref}";
    try {
      const { data } = await github.request(route, { ...repository, ref: short(ref) });
      const found = parseAnswer(refSchema, data, route);
      if (found.object.type === "commit") return found.object.sha;
      throw new TerminalError(`${ref} of ${repository.owner}/${repository.repo} points to a ${found.object.type}, not to a commit.`, "Somebody else made this ref. Delete it, then start the work again.");
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw explained(error, route, repository);
    }
  };

  return {
    async readHead(ref): Promise<GitHead | null> {
      const commit = await commitAt(ref);
      if (commit === null) return null;
      const route = "GET /repos/{owner}/{repo}/git/commits/{commit_sha}";
      const tree = parseAnswer(commitSchema, (await send(route, { commit_sha: commit })).data, route).tree.sha;
      const { entries, truncated } = await readTree(github, repository, { sha: tree, recursive: false }).catch((error: unknown) => {
        throw explained(error, "GET /repos/{owner}/{repo}/git/trees/{tree_sha}", repository);
      });
      if (truncated) throw new TerminalError(`The tree of ${ref} holds more files than GitHub lists.`, "Label the issue again: a new attempt has a ref of its own.");
      return { commit, tree, files: entries.flatMap(({ path, type, sha }) => (type === "blob" ? [{ name: path, blob: sha }] : [])) };
    },
    async readBlob(blob) {
      const route = "GET /repos/{owner}/{repo}/git/blobs/{file_sha}";
      return Buffer.from(parseAnswer(blobSchema, (await send(route, { file_sha: blob })).data, route).content, "base64");
    },
    writeBlob(bytes) {
      if (bytes.byteLength > MAX_BLOB_BYTES) {
        throw new TerminalError(`A segment of ${bytes.byteLength} bytes is over GitHub's limit of ${MAX_BLOB_BYTES} for a blob.`, "Save more often, or keep large generated files out of the workspace.");
      }
      return made("POST /repos/{owner}/{repo}/git/blobs", { content: Buffer.from(bytes).toString("base64"), encoding: "base64" });
    },
    writeTree: (base, { name, blob }) =>
      made("POST /repos/{owner}/{repo}/git/trees", { ...(base === null ? {} : { base_tree: base }), tree: [{ path: name, mode: "100644", type: "blob", sha: blob }] }),
    writeCommit: ({ tree, parent, message }) => made("POST /repos/{owner}/{repo}/git/commits", { message, tree, parents: parent === null ? [] : [parent] }),
    async moveRef(ref, from, to) {
      const route = from === null ? "POST /repos/{owner}/{repo}/git/refs" : "PATCH /repos/{owner}/{repo}/git/refs/{ref}";
      try {
        await github.request(route, { ...repository, ...(from === null ? { ref, sha: to } : { ref: short(ref), sha: to, force: false }) });
        return true;
      } catch (error) {
        // It is there already, stands where it is no fast forward from, or is gone.
        if (hasStatus(error, 422)) return false;
        throw explained(error, route, repository);
      }
    },
  };
}

/** As the routes of a single ref want it. */
const short = (ref: string): string => ref.replace(/^refs\//, "");

function explained(error: unknown, route: string, { owner, repo }: Repository): unknown {
  const failure = requestFailure(error);
  if (failure === null) return error;
  const message = `${route} on ${owner}/${repo} failed (${failure.status}: ${whatGitHubSaid(failure)}).`;
  if (failure.status >= 500) return new RetryableError(message, { cause: error });
  return new TerminalError(message, failure.status === 403 || failure.status === 404 ? "Give the App or the job the permission `contents: write`, and see that the repository is there and not archived." : "See what GitHub said; start the work again when it is mended.", { cause: error });
}
