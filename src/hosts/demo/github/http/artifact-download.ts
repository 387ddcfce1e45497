import type { Machine } from "../machine.ts";
import { failure, type Reply } from "../reply.ts";
import type { LoggedRequest } from "../request-log.ts";
import type { ArtifactUrls } from "../tokens.ts";
import type { Incoming } from "./incoming.ts";

export interface ArtifactDownloadOptions {
  readonly machine: Machine;
  readonly artifactUrls: ArtifactUrls;
  readonly nowMs: () => number;
  readonly log: LoggedRequest[];
}

/**
 * Serves an artifact's file, or a job's log, to who has a fresh signed address. Another origin than the API, like GitHub's blob storage, so
 * that a client which sends its token along a redirect is found out.
 */
export function serveArtifact({ machine, artifactUrls, nowMs, log }: ArtifactDownloadOptions, { url, headers, method }: Incoming): Reply {
  const at = nowMs();
  const isLog = url.pathname.startsWith("/logs/");
  const id = artifactUrls.open(url, at, isLog ? "logs" : "artifacts");
  const artifact = id === null ? undefined : machine.state.artifacts.get(id);
  const reply =
    isLog && id !== null && method === "GET" && headers.authorization === undefined ? logOf(machine.state.jobLogs.get(id)) :
    artifact === undefined || method !== "GET" || headers.authorization !== undefined
      ? failure(403, "Server failed to authenticate the request.")
      : download(artifact.name, artifact.bytesPath, artifact.contentType);
  log.push({
    at: new Date(at).toISOString(),
    kind: "artifact-download",
    method,
    route: isLog ? "/logs/{job_id}" : "/artifacts/{artifact_id}",
    path: url.pathname,
    query: {},
    body: null,
    token: "none",
    who: "anonymous",
    jobId: null,
    status: reply.status,
    faulted: false,
    changes: false,
  });
  return reply;
}

/** As the blob storage says it. */
function logOf(text: string | null | undefined): Reply {
  const isThere = typeof text === "string";
  return { status: isThere ? 200 : 404, headers: {}, body: { kind: "bytes", bytes: Buffer.from(isThere ? text : "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>BlobNotFound</Code></Error>"), contentType: isThere ? "text/plain" : "application/xml" } };
}

/** The client takes the artifact's file name from the disposition; an archive has `.zip` there. */
function download(name: string, path: string, contentType: string): Reply {
  const fileName = contentType === "application/zip" ? `${name}.zip` : name;
  return {
    status: 200,
    headers: { "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}` },
    body: { kind: "file", path, contentType },
  };
}
