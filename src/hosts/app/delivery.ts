/** A webhook as Probot hands it over, and the repository that it comes with. */
import { z } from "zod";
import { installationClient, type ClientOptions, type InstallationOctokit } from "./installation-client.ts";
import type { Workplace } from "./workplace.ts";

/** What is taken from a Probot context; the payload is parsed here like anything from outside. */
export interface Delivery {
  readonly id: string;
  readonly payload: unknown;
  readonly octokit: InstallationOctokit;
}

const placeSchema = z.object({
  installation: z.object({ id: z.int() }),
  repository: z.object({ id: z.int(), name: z.string(), owner: z.object({ login: z.string() }) }),
});

/** Where an event happened; null when it comes without an installation, so that nobody gave us the repository. */
export function workplaceOf({ payload, octokit }: Pick<Delivery, "payload" | "octokit">, tools: ClientOptions): Workplace | null {
  const parsed = placeSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { repository } = parsed.data;
  return {
    github: installationClient(octokit, tools),
    repository: { owner: repository.owner.login, repo: repository.name },
    repositoryId: repository.id,
  };
}
