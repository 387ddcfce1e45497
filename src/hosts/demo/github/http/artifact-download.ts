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
 * Serves an artifact's file to who has a fresh signed address. Another origin than the API, like GitHub's blob storage, so
 * that a client which sends its token along a redirect is found out.
 */
export function serveArtifact({ machine, artifactUrls, nowMs, log }: ArtifactDownloadOptions, { url, headers, method }: Incoming): Reply {
  const at = nowMs();
  const id = artifactUrls.open(url, at);
  const artifact = id === null ? undefined : machine.state.artifacts.get(id);
  const reply =
    artifact === undefined || method !== "GET" || headers.authorization !== undefined
      ? failure(403, "Server failed to authenticate the request.")
      : download(artifact.name, artifact.bytesPath, artifact.contentType);
  log.push({
    at: new Date(at).toISOString(),
    kind: "artifact-download",
    method,
    route: "/artifacts/{artifact_id}",
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

/** The client takes the artifact's file name from the disposition; an archive has `.zip` there. */
function download(name: string, path: string, contentType: string): Reply {
  const fileName = contentType === "application/zip" ? `${name}.zip` : name;
  return {
    status: 200,
    headers: { "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}` },
    body: { kind: "file", path, contentType },
  };
}
