import type { Config } from "../../../config/index.ts";
import type { BaseText, Change } from "../../../delivery/index.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { readTexts } from "../../../github/read/index.ts";

/** The changed files as the base has them, for counting lines and comparing versions; none where they decide nothing. */
export async function textsForMerging(github: GitHub, repository: Repository, { config: { merge }, change }: { readonly config: Config; readonly change: Change }): Promise<ReadonlyMap<string, BaseText>> {
  if (!merge.auto || change.files.length > merge.maxFiles) return new Map();
  return readTexts(github, repository, { commit: change.base, paths: change.files.map(({ path }) => path) });
}
