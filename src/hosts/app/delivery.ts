/** A webhook as it is handed to its handlers, and the repository that it comes with. */
import { z } from "zod";
import type { Installation } from "./app-access.ts";
import { installationClient, type ClientOptions } from "./installation-client.ts";
import type { Workplace } from "./workplace.ts";

/** The signature held; the payload is parsed here like anything from outside. */
export interface Delivery {
  readonly id: string;
  readonly payload: unknown;
  /** That the payload names. */
  readonly installation: Installation;
}

const placeSchema = z.object({
  installation: z.object({ id: z.int() }),
  repository: z.object({ id: z.int(), name: z.string(), owner: z.object({ login: z.string() }) }),
});

/** Where an event happened; null when it comes without an installation, so that nobody gave us the repository. */
export function workplaceOf({ payload, installation }: Pick<Delivery, "payload" | "installation">, tools: ClientOptions): Workplace | null {
  const parsed = placeSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { repository } = parsed.data;
  return {
    github: installationClient(installation, tools),
    repository: { owner: repository.owner.login, repo: repository.name },
    repositoryId: repository.id,
  };
}
