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
});

export interface RepositoryFacts extends Repository {
  /** The identity that outlives renames and transfers. */
  readonly id: number;
  readonly defaultBranch: string;
  readonly archived: boolean;
  readonly htmlUrl: string;
}

/** The repository under its present name (an old one redirects), or null when there is none to be seen. */
export async function readRepository(github: GitHub, repository: Repository): Promise<RepositoryFacts | null> {
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
    };
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

const commitSchema = z.object({ message: z.string() });

/** A commit's message; null when there is no such commit. */
export async function readCommitMessage(github: GitHub, repository: Repository, sha: string): Promise<string | null> {
  const route = "GET /repos/{owner}/{repo}/git/commits/{commit_sha}";
  try {
    const { data } = await github.request(route, { ...repository, commit_sha: sha });
    return parseAnswer(commitSchema, data, route).message;
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
