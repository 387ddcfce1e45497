/** The `ACTIONS_RUNTIME_TOKEN` of a job: a JWT whose `scp` names the run and the job it may write artifacts for. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** The ids the results service knows a run and a job by; not the numbers of the REST API. */
export interface BackendIds {
  readonly runBackendId: string;
  readonly jobBackendId: string;
}

export interface RuntimeTokens {
  issue(ids: BackendIds): string;
  /** The ids a token stands for; null when it is not one of ours or has been revoked. */
  verify(token: string): BackendIds | null;
  revoke(token: string): void;
}

const payloadSchema = z.object({ scp: z.string() });

export function createRuntimeTokens(): RuntimeTokens {
  const key = randomBytes(32);
  const live = new Set<string>();
  const sign = (text: string): Buffer => createHmac("sha256", key).update(text).digest();
  return {
    issue(ids) {
      // The client looks for its scope among others (@actions/artifact 6.2.1, shared/util).
      const scp = `Actions.GenericRead:00000000-0000-0000-0000-000000000000 Actions.Results:${ids.runBackendId}:${ids.jobBackendId}`;
      const text = [{ alg: "HS256", typ: "JWT" }, { scp }].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
      const token = `${text}.${sign(text).toString("base64url")}`;
      live.add(token);
      return token;
    },
    verify(token) {
      const [header = "", payload = "", signature = ""] = token.split(".");
      const given = Buffer.from(signature, "base64url");
      const expected = sign(`${header}.${payload}`);
      if (!live.has(token) || given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
      const { scp } = payloadSchema.parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
      const [, runBackendId, jobBackendId] = scp.split(" ").find((scope) => scope.startsWith("Actions.Results:"))?.split(":") ?? [];
      return runBackendId === undefined || jobBackendId === undefined ? null : { runBackendId, jobBackendId };
    },
    revoke(token) {
      live.delete(token);
    },
  };
}
