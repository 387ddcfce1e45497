import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";

const repositorySchema = z.object({
  id: z.int(),
  name: z.string(),
  owner: z.object({ login: z.string() }),
  default_branch: z.string(),
  archived: z.boolean().default(false),
  html_url: z.string(),
  private: z.boolean().default(false),
  fork: z.boolean().default(false),
});

export interface RepositoryFacts extends Repository {
  /** The identity that outlives renames and transfers. */
  readonly id: number;
  readonly defaultBranch: string;
  readonly archived: boolean;
  readonly htmlUrl: string;
}

export interface RepositoryShown extends RepositoryFacts {
  /** Everybody can read it; so it is where GitHub does not say. */
  readonly isPublic: boolean;
  readonly isFork: boolean;
}

/** The repository under its present name (an old one redirects), or null when there is none to be seen. */
export async function readRepository(github: GitHub, repository: Repository): Promise<RepositoryShown | null> {
  try {
    const { data } = await github.request("GET /repos/{owner}/{repo}", { ...repository });
    const facts = parseAnswer(repositorySchema, data, "GET /repos/{owner}/{repo}");
    return {
      owner: facts.owner.login,
      repo: facts.name,
      id: facts.id,
      defaultBranch: facts.default_branch,
      archived: facts.archived,
      htmlUrl: facts.html_url,
      isPublic: !facts.private,
      isFork: facts.fork,
    };
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

const commitSchema = z.object({ message: z.string(), tree: z.object({ sha: z.string() }), parents: z.array(z.object({ sha: z.string() })) });

export interface CommitFacts {
  readonly message: string;
  readonly tree: string;
  readonly parents: readonly string[];
}

/** A commit's message; null when there is no such commit. */
export const readCommitMessage = async (github: GitHub, repository: Repository, sha: string): Promise<string | null> => (await readCommit(github, repository, sha))?.message ?? null;

/** Null when there is no such commit. */
export async function readCommit(github: GitHub, repository: Repository, sha: string): Promise<CommitFacts | null> {
  const route = "GET /repos/{owner}/{repo}/git/commits/{commit_sha}";
  try {
    const { data } = await github.request(route, { ...repository, commit_sha: sha });
    const { message, tree, parents } = parseAnswer(commitSchema, data, route);
    return { message, tree: tree.sha, parents: parents.map((parent) => parent.sha) };
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

const refSchema = z.object({ object: z.object({ sha: z.string(), type: z.string() }) });

/** The object a ref points to now, by its full name; null when there is no such ref. */
export async function readRefHead(github: GitHub, repository: Repository, ref: string): Promise<string | null> {
  try {
    const { data } = await github.request("GET /repos/{owner}/{repo}/git/ref/{ref}", { ...repository, ref: ref.replace(/^refs\//, "") });
    return parseAnswer(refSchema, data, "GET /repos/{owner}/{repo}/git/ref/{ref}").object.sha;
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}
