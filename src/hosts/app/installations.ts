/** Every repository that the App is installed on, as the App may reach it. */
import { z } from "zod";
import type { GitHub } from "../../github/client.ts";
import { parseAnswer } from "../../github/parse-answer.ts";
import { allPages } from "../../github/read/index.ts";
import type { AppAccess } from "./app-access.ts";
import { installationClient, type ClientOptions } from "./installation-client.ts";
import type { Workplace } from "./workplace.ts";

const installationsSchema = z.array(z.object({ id: z.int(), suspended_at: z.string().nullish() }));
const repositoriesSchema = z.object({ repositories: z.array(z.object({ id: z.int(), name: z.string(), owner: z.object({ login: z.string() }), archived: z.boolean().optional(), disabled: z.boolean().optional() })) });

const MAX_PAGES = 100;

export interface AppDoors extends ClientOptions {
  /** Speaks as the App (by JWT). */
  readonly app: GitHub;
  readonly installation: AppAccess["installation"];
}

/** One request for the installations, and one for the repositories of each; suspended ones and archived repositories are passed over. */
export async function* installedPlaces(doors: AppDoors): AsyncIterable<Workplace> {
  const listInstallations = "GET /app/installations";
  const installations = await allPages(doors.app, { route: listInstallations, parameters: {}, items: (data) => parseAnswer(installationsSchema, data, listInstallations), maxPages: MAX_PAGES });
  for (const { id, suspended_at: suspendedAt } of installations) {
    if (suspendedAt === null || suspendedAt === undefined) yield* placesOf(doors, id);
  }
}

async function* placesOf(doors: AppDoors, installationId: number): AsyncIterable<Workplace> {
  try {
    yield* repositoriesOf(installationClient(doors.installation(installationId), doors));
  } catch (error) {
    // One that was taken back a moment ago must not hide the others.
    doors.log.error(error, "an installation could not be looked through", { installation: installationId });
  }
}

/** @param github speaks as the installation */
export async function* repositoriesOf(github: GitHub): AsyncIterable<Workplace> {
  const listRepositories = "GET /installation/repositories";
  const repositories = await allPages(github, { route: listRepositories, parameters: {}, items: (data) => parseAnswer(repositoriesSchema, data, listRepositories).repositories, maxPages: MAX_PAGES });
  for (const { id, name, owner, archived, disabled } of repositories) {
    if (archived !== true && disabled !== true) yield { github, repository: { owner: owner.login, repo: name }, repositoryId: id };
  }
}
