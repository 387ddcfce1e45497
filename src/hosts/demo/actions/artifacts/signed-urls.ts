/** URLs that carry their own permission and expiry, as the results service hands them out for blobs. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../../../shared/ports.ts";

export type BlobPermission = "read" | "write";

export interface SignedUrls {
  /** @returns path and query: `/<account>/<container>/<blob>?sp=..&se=..&sig=..`, the form Azure's client takes on an IP address */
  sign(blob: { readonly container: string; readonly blobId: string }, permission: BlobPermission): string;
  /** The blob a URL gives this permission on; null when its signature is wrong, or it has expired, or it permits something else. */
  check(url: URL, permission: BlobPermission): string | null;
}

/** How long a URL is good for: a download's link one minute, an upload's one hour. */
const LIFETIME_MS: Readonly<Record<BlobPermission, number>> = { read: 60_000, write: 3_600_000 };
const PERMISSION_LETTERS: Readonly<Record<BlobPermission, string>> = { read: "r", write: "cw" };

export function createSignedUrls(clock: Pick<Clock, "nowMs">): SignedUrls {
  const key = randomBytes(32);
  const signature = (path: string, letters: string, expiry: string): string => createHmac("sha256", key).update([path, letters, expiry].join("\n")).digest("base64");
  return {
    sign({ container, blobId }, permission) {
      const path = `/results/${container}/${blobId}`;
      const letters = PERMISSION_LETTERS[permission];
      const expiry = new Date(clock.nowMs() + LIFETIME_MS[permission]).toISOString();
      return `${path}?${new URLSearchParams({ sp: letters, se: expiry, sig: signature(path, letters, expiry) }).toString()}`;
    },
    check(url, permission) {
      const letters = PERMISSION_LETTERS[permission];
      const expiry = url.searchParams.get("se") ?? "";
      const expected = Buffer.from(signature(url.pathname, letters, expiry));
      const given = Buffer.from(url.searchParams.get("sig") ?? "");
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
      return clock.nowMs() < Date.parse(expiry) ? (url.pathname.split("/").at(-1) ?? null) : null;
    },
  };
}
