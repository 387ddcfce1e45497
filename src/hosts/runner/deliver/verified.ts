import { verifyCommands, type Config } from "../../../config/index.ts";
import { expectsVerified, judgeVerified, type Change, type VerifiedTree } from "../../../delivery/index.ts";
import { listRunJobs } from "../../../github/read/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import { ok, type Result } from "../../../shared/result.ts";
import type { Job } from "./job.ts";

/** What the job `verify` of this run vouches for; null where it is not expected. GitHub is asked how it ended. */
export async function readVerified({ settings, github, admitted }: Job, config: Config, change: Change): Promise<Result<VerifiedTree | null, Refusal>> {
  const { required } = config.verify;
  if (!expectsVerified(required, settings.verifyResult)) return ok(null);
  const jobs = await listRunJobs(github, admitted.repository, admitted.run.id);
  return judgeVerified({ required, claim: settings.verified, jobs, change, commands: verifyCommands(config) });
}
