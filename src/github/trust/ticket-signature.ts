/**
 * Signs and checks tickets: `base64url(canonicalJson(ticket)) + "." + base64url(signature)`, where the Ed25519 signature
 * covers the ASCII bytes of the first part. Nothing of a ticket is parsed before its signature holds.
 */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { TerminalError, type Refusal } from "../../shared/errors.ts";
import { canonicalJson } from "../../shared/json.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { decodeBase64Url } from "./base64url.ts";
import { ticketSchema, type Ticket } from "./ticket.ts";

/** Far above any real ticket (about 800 characters). */
const MAX_TICKET_CHARS = 8_192;
const LABEL_AGAIN = "Remove the label and add it again, so that the App dispatches a new run.";

export type TicketRefusal = Refusal<"ticket-malformed" | "ticket-forged" | "ticket-expired">;

/**
 * @param privateKeyPem Ed25519 private key, PKCS #8 PEM
 * @throws TerminalError when the key is not an Ed25519 private key
 */
export function signTicket(ticket: Ticket, privateKeyPem: string): string {
  const payload = Buffer.from(canonicalJson(ticketSchema.parse(ticket)), "utf8").toString("base64url");
  const signature = sign(null, Buffer.from(payload, "ascii"), readPrivateKey(privateKeyPem));
  return `${payload}.${signature.toString("base64url")}`;
}

/**
 * @param publicKey base64 of the Ed25519 public key (SPKI, DER), as in the workflow file on the default branch
 * @param run.runCreatedAt `created_at` of the run by GitHub's API: a runner's clock is not asked
 */
export function verifyTicket(text: string, publicKey: string, run: { readonly runCreatedAt: string }): Result<Ticket, TicketRefusal> {
  const [payload = "", signatureText = "", ...rest] = text.length <= MAX_TICKET_CHARS ? text.split(".") : [];
  const signature = decodeBase64Url(signatureText);
  const bytes = decodeBase64Url(payload);
  if (rest.length > 0 || bytes === null || signature === null || bytes.length === 0) {
    return refuse("ticket-malformed", "The run's ticket is not a ticket of WorkTrain.", LABEL_AGAIN);
  }
  if (!verify(null, Buffer.from(payload, "ascii"), readPublicKey(publicKey), signature)) {
    return refuse(
      "ticket-forged",
      "The run's ticket is not signed with the key in the workflow file.",
      `${LABEL_AGAIN} If this happens again, compare public-key in the workflow file with the key that the App's page shows, or without an App with the secret WORKTRAIN_TICKET_KEY.`,
    );
  }
  const parsed = ticketSchema.safeParse(parseJson(bytes));
  if (!parsed.success) {
    return refuse("ticket-malformed", `The run's ticket does not fit this version of WorkTrain: ${parsed.error.issues[0]?.message ?? "unknown"}.`, "Pin the Action at the App's version.");
  }
  const createdMs = Date.parse(run.runCreatedAt);
  if (!(createdMs <= Date.parse(parsed.data.expiresAt))) {
    return refuse("ticket-expired", `The run was created at ${run.runCreatedAt}; its ticket ended at ${parsed.data.expiresAt}.`, LABEL_AGAIN);
  }
  return ok(parsed.data);
}

/** The public half as the workflow file carries it: base64 of SPKI DER. */
export function publicTicketKey(privateKeyPem: string): string {
  return createPublicKey(readPrivateKey(privateKeyPem)).export({ format: "der", type: "spki" }).toString("base64");
}

const readPrivateKey = readOnce((pem) =>
  readKey(
    () => createPrivateKey(pem),
    "The ticket key is not an Ed25519 private key.",
    "Make one with `openssl genpkey -algorithm ed25519` and set WORKTRAIN_TICKET_KEY to it.",
  ),
);

const readPublicKey = readOnce((base64) =>
  readKey(
    () => createPublicKey({ key: Buffer.from(base64, "base64"), format: "der", type: "spki" }),
    "`public-key` in the workflow file is not an Ed25519 public key.",
    "Copy the ticket key from the App's page into .github/workflows/worktrain.yml.",
  ),
);

/** A process has one key of a kind, and reading it takes longer than to sign with it. */
function readOnce(read: (text: string) => KeyObject): (text: string) => KeyObject {
  let last: { readonly text: string; readonly key: KeyObject } | null = null;
  return (text) => {
    if (last?.text !== text) last = { text, key: read(text) };
    return last.key;
  };
}

function readKey(read: () => KeyObject, message: string, fix: string): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw new TerminalError(message, fix, { cause });
  }
  if (key.asymmetricKeyType !== "ed25519") throw new TerminalError(message, fix);
  return key;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined; // The schema refuses it.
  }
}

function refuse(kind: TicketRefusal["kind"], message: string, fix: string): Result<Ticket, TicketRefusal> {
  return err({ kind, message, fix });
}
