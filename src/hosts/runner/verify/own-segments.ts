/** The agent job's record, out of the artifacts of this very run: the job's own runtime token reads them, and no other permission is needed. */
import { join } from "node:path";
import { z } from "zod";
import type { SegmentPart } from "../../../journal/index.ts";
import { sha256Schema } from "../../../record/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import { sha256Hex } from "../../../shared/hash.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { VerifyPorts, VerifySettings } from "./settings.ts";

/** Names are those of segments: no part of a path. */
const segmentsSchema = z
  .array(z.object({ id: z.int().min(1), runId: z.int().min(1), name: z.string().regex(/^[\w.-]{1,300}$/).refine((name) => !/^\.+$/.test(name)), digest: sha256Schema }))
  .min(1)
  .max(5_000);

export async function takeOwnSegments({ runId, runAttempt, runnerTemp, segments }: VerifySettings, { fs, download }: VerifyPorts): Promise<Result<readonly SegmentPart[], Refusal>> {
  if (runAttempt !== 1) return refuse(`This is attempt ${runAttempt} of the run. A re-run does not act.`, "Remove the label and add it again, so that the App dispatches a new run.");
  const refs = segmentsSchema.safeParse(parseJson(segments));
  if (!refs.success) return refuse(`The agent job's output \`segments\` is not a list of artifacts: ${refs.error.issues[0]?.message ?? ""}`, "Label the issue again for a new attempt.");
  const earlier = refs.data.find((ref) => ref.runId !== runId);
  if (earlier !== undefined) return refuse(`The record has a part of run ${earlier.runId}, which this job may not read: its token is for artifacts of its own run.`, "Label the issue again: the next run's record is whole in itself.");
  const parts: SegmentPart[] = [];
  for (const { id, name, digest } of refs.data) {
    const directory = join(runnerTemp, "worktrain-verify", String(id));
    fs.makeDirectory(directory);
    await download({ id, directory });
    const bytes = fs.read(join(directory, name));
    fs.remove(join(directory, name));
    if (bytes === null) return refuse(`Artifact ${id} is not ${name}.`, "Label the issue again for a new attempt.");
    if (sha256Hex(bytes) !== digest) return refuse(`Artifact ${id} (${name}) has other bytes than the agent job named.`, "Label the issue again for a new attempt; if this happens again, see who can change the workflow.");
    parts.push({ bytes, digest });
  }
  return ok(parts);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The schema refuses it.
  }
}

const refuse = (message: string, fix: string): Result<never, Refusal> => err({ kind: "not-verified", message, fix });
