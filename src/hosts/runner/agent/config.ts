import { CONFIG_PATH, parseConfig, type Config } from "../../../config/index.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { readFile } from "../../../github/read/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import { err, type Result } from "../../../shared/result.ts";

/** The repository's config at the ticket's base commit, which is on the default branch (I9). */
export async function readConfig(github: GitHub, repository: Repository, sha: string): Promise<Result<Config, Refusal<"bad-config">>> {
  const file = await readFile(github, repository, { path: CONFIG_PATH, ref: sha });
  const config = parseConfig(file?.text ?? null, CONFIG_PATH);
  if (config.ok) return config;
  const [fault] = config.error;
  return err({ kind: "bad-config", message: `${CONFIG_PATH}:${fault?.line ?? 1}: ${fault?.message ?? "not a config"}`, fix: fault?.fix ?? "Mend the file on the default branch." });
}
