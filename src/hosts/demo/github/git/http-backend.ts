import type { Processes } from "../../../../shared/ports.ts";
import type { Reply } from "../reply.ts";
import { GIT_ENVIRONMENT, MAX_GIT_OUTPUT_BYTES } from "./run-git.ts";

/** One request of git's smart HTTP protocol. */
export interface GitRequest {
  readonly gitDirectory: string;
  readonly method: string;
  /** After the repository: `/info/refs`, `/git-upload-pack` or `/git-receive-pack`. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: { readonly contentType: string; readonly contentEncoding: string; readonly gitProtocol: string };
  readonly body: Uint8Array;
  readonly login: string;
}

const TIMEOUT_MS = 120_000;

/** Answers through `git http-backend`, git's own server for this protocol, as a CGI program. */
export async function serveGit(processes: Processes, request: GitRequest): Promise<Reply> {
  const result = await processes.run("git", ["http-backend"], {
    env: {
      ...GIT_ENVIRONMENT,
      GIT_PROJECT_ROOT: request.gitDirectory,
      GIT_HTTP_EXPORT_ALL: "1",
      REQUEST_METHOD: request.method,
      PATH_INFO: request.path,
      QUERY_STRING: request.query,
      CONTENT_TYPE: request.headers.contentType,
      CONTENT_LENGTH: String(request.body.byteLength),
      HTTP_CONTENT_ENCODING: request.headers.contentEncoding,
      GIT_PROTOCOL: request.headers.gitProtocol,
      REMOTE_USER: request.login,
      REMOTE_ADDR: "127.0.0.1",
    },
    input: request.body,
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: MAX_GIT_OUTPUT_BYTES,
  });
  if (result.exitCode === null || result.truncated || result.stdout.byteLength === 0) {
    throw new Error(`git http-backend did not finish: ${Buffer.from(result.stderr).toString("utf8")}`);
  }
  return parseCgi(result.stdout);
}

/** Splits a CGI answer into status, headers and body. */
function parseCgi(output: Uint8Array): Reply {
  const bytes = Buffer.from(output);
  const end = bytes.indexOf("\r\n\r\n");
  const headers: Record<string, string> = {};
  for (const line of bytes.subarray(0, end).toString("latin1").split("\r\n")) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const { status = "200", "content-type": contentType = "text/plain", ...rest } = headers;
  return { status: Number.parseInt(status, 10), headers: rest, body: { kind: "bytes", bytes: bytes.subarray(end + 4), contentType } };
}
