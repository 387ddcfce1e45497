import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { allPages } from "./pages.ts";

const artifactSchema = z.object({
  id: z.int(),
  name: z.string(),
  size_in_bytes: z.int(),
  digest: z.string().nullish(),
  expired: z.boolean(),
  created_at: z.string().nullable(),
  workflow_run: z
    .object({
      id: z.int().optional(),
      repository_id: z.int().optional(),
      head_repository_id: z.int().optional(),
      head_branch: z.string().nullish(),
      head_sha: z.string().nullish(),
    })
    .nullish(),
});
const listSchema = z.object({ artifacts: z.array(artifactSchema) });

export interface ArtifactFacts {
  readonly id: number;
  readonly name: string;
  readonly sizeBytes: number;
  /** SHA-256 as GitHub states it, 64 hex digits; null for artifacts older than digests. */
  readonly digest: string | null;
  readonly expired: boolean;
  readonly createdAt: string | null;
  /** Where it comes from; null when GitHub does not say. */
  readonly run: {
    readonly id: number | null;
    readonly repositoryId: number | null;
    readonly headRepositoryId: number | null;
    readonly headBranch: string | null;
    readonly headSha: string | null;
  } | null;
}

/** A run keeps at most 500 artifacts a job (P-artifacts); 2,000 is the whole workflow twice over. */
const MAX_ARTIFACT_PAGES = 20;

/** All artifacts of a run, every page, by id. */
export async function listRunArtifacts(github: GitHub, repository: Repository, runId: number): Promise<readonly ArtifactFacts[]> {
  const artifacts = await allPages(github, {
    route: "GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts",
    parameters: { ...repository, run_id: runId },
    items: (data) => parseAnswer(listSchema, data, "GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts").artifacts.map(toFacts),
    maxPages: MAX_ARTIFACT_PAGES,
  });
  // A page may shift while a job uploads: the same artifact can come twice.
  return [...new Map(artifacts.map((artifact) => [artifact.id, artifact])).values()].sort((a, b) => a.id - b.id);
}

/** The newest artifacts of a name in the repository, whatever run they are of; at most 100. */
export async function listArtifactsNamed(github: GitHub, repository: Repository, name: string): Promise<readonly ArtifactFacts[]> {
  const route = "GET /repos/{owner}/{repo}/actions/artifacts";
  const { data } = await github.request(route, { ...repository, name, per_page: 100 });
  return parseAnswer(listSchema, data, route).artifacts.map(toFacts).filter((artifact) => artifact.name === name);
}

function toFacts(artifact: z.infer<typeof artifactSchema>): ArtifactFacts {
  const run = artifact.workflow_run;
  return {
    id: artifact.id,
    name: artifact.name,
    sizeBytes: artifact.size_in_bytes,
    digest: /^sha256:([0-9a-f]{64})$/.exec(artifact.digest ?? "")?.[1] ?? null,
    expired: artifact.expired,
    createdAt: artifact.created_at,
    run:
      run === null || run === undefined
        ? null
        : {
            id: run.id ?? null,
            repositoryId: run.repository_id ?? null,
            headRepositoryId: run.head_repository_id ?? null,
            headBranch: run.head_branch ?? null,
            headSha: run.head_sha ?? null,
          },
  };
}
