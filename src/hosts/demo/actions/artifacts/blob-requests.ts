/** The part of Azure's Blob service that an artifact upload and download use (REST version as the client sends it). */
import { unreachable } from "../../../../shared/unreachable.ts";
import type { ArtifactCall } from "./artifact-faults.ts";
import type { Reply } from "./artifact-messages.ts";
import type { BlobStore, WriteOutcome } from "./blob-store.ts";
import type { SignedUrls } from "./signed-urls.ts";

export interface BlobRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** What a download is served as. */
export interface BlobDescription {
  readonly contentType: string;
  readonly fileName: string;
}

/** Which operation a request is; null for one that is not played. */
export function blobCall({ method, url }: Pick<BlobRequest, "method" | "url">): Extract<ArtifactCall, "PutBlock" | "PutBlockList" | "PutBlob" | "GetBlob"> | null {
  const component = url.searchParams.get("comp");
  if (method === "GET" && component === null) return "GetBlob";
  if (method !== "PUT") return null;
  if (component === "block") return "PutBlock";
  if (component === "blocklist") return "PutBlockList";
  return component === null ? "PutBlob" : null;
}

export interface BlobRequestsOptions {
  readonly blobs: BlobStore;
  readonly urls: SignedUrls;
  readonly describe: (blobId: string) => BlobDescription | null;
}

export function answerBlobRequest(request: BlobRequest, options: BlobRequestsOptions): Reply {
  const call = blobCall(request);
  if (call === null) return azureError(400, "UnsupportedHttpVerb", `${request.method} with this query is not played here.`);
  const blobId = options.urls.check(request.url, call === "GetBlob" ? "read" : "write");
  if (blobId === null) return azureError(403, "AuthenticationFailed", "The signature is not valid or has expired.");
  switch (call) {
    case "GetBlob":
      return download(blobId, options);
    case "PutBlock": {
      const blockId = request.url.searchParams.get("blockid") ?? "";
      if (blockId === "") return azureError(400, "InvalidQueryParameterValue", "blockid is missing.");
      return written(options.blobs.stageBlock(blobId, blockId, request.body));
    }
    case "PutBlockList":
      return written(options.blobs.commit(blobId, blockIds(Buffer.from(request.body).toString("utf8"))));
    case "PutBlob":
      if (request.headers["x-ms-blob-type"] !== "BlockBlob") return azureError(400, "MissingRequiredHeader", "x-ms-blob-type must be BlockBlob.");
      return written(options.blobs.put(blobId, request.body));
    default:
      return unreachable(call);
  }
}

/** Ids in the order of a block list; base64, so nothing in them needs decoding. */
const blockIds = (xml: string): readonly string[] => [...xml.matchAll(/<(?:Latest|Uncommitted|Committed)>([^<]+)</g)].map((match) => match[1] ?? "");

function written(outcome: WriteOutcome): Reply {
  switch (outcome) {
    case "written":
      return { status: 201, headers: { etag: '"0x1"', "x-ms-version": "2025-05-05", "x-ms-request-server-encrypted": "true" }, body: "" };
    case "no-such-blob":
      return azureError(404, "BlobNotFound", "The blob does not exist.");
    case "sealed":
      return azureError(409, "BlobImmutableDueToPolicy", "The artifact is finalized.");
    case "unknown-block":
      return azureError(400, "InvalidBlockList", "The block list names a block that was not uploaded.");
    default:
      return unreachable(outcome);
  }
}

function download(blobId: string, { blobs, describe }: BlobRequestsOptions): Reply {
  const bytes = blobs.read(blobId);
  const description = describe(blobId);
  if (bytes === null || description === null) return azureError(404, "BlobNotFound", "The blob does not exist.");
  const plainName = description.fileName.replaceAll(/[^\x20-\x7e]|"/g, "_");
  const disposition = `attachment; filename="${plainName}"; filename*=UTF-8''${encodeURIComponent(description.fileName)}`;
  return { status: 200, headers: { "content-type": description.contentType, "content-disposition": disposition, "x-ms-blob-type": "BlockBlob" }, body: bytes };
}

function azureError(status: number, code: string, message: string): Reply {
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers: { "content-type": "application/xml", "x-ms-error-code": code }, body };
}
