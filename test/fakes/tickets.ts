import { generateKeyPairSync } from "node:crypto";
import { publicTicketKey, signTicket, verifyTicket, type Ticket } from "../../src/github/trust/index.ts";
import { TASK_SHA256 } from "./finished-item.ts";

const { privateKey } = generateKeyPairSync("ed25519");
/** The App's key of this test process. */
export const TICKET_KEY_PEM = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
export const TICKET_PUBLIC_KEY = publicTicketKey(TICKET_KEY_PEM);

/** The same ticket with whatever is to be otherwise. */
export function anotherTicket(text: string, change: Partial<Ticket>): string {
  const read = verifyTicket(text, TICKET_PUBLIC_KEY, { runCreatedAt: new Date(0).toISOString() });
  if (!read.ok) throw new Error(read.error.message);
  return makeTicket({ ...read.value, ...change }).ticketText;
}

/** A ticket for attempt 1 at issue 12 of repository 7, with whatever is to be otherwise. */
export function makeTicket(change: Partial<Ticket> = {}): { readonly ticket: Ticket; readonly ticketText: string } {
  const ticket: Ticket = {
    v: 1,
    key: "0123456789abcdef0123456789abcdef",
    item: "7/issue-12/1",
    repositoryId: 7,
    trigger: { kind: "issues.labeled", id: "1", actor: { login: "maintainer", id: 1 }, verdict: "write" },
    issueNumber: 12,
    base: { ref: "main", sha: "b".repeat(40) },
    caps: { turns: 100, tokens: 1_000_000, costUsd: 5, minutes: 60 },
    textSha256: TASK_SHA256,
    expiresAt: "2030-01-01T00:00:00Z",
    ...change,
  };
  return { ticket, ticketText: signTicket(ticket, TICKET_KEY_PEM) };
}
