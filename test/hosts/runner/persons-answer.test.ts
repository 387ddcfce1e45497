/** Which word of a person a run goes by: its own ticket's, else that of an earlier run that could not use it; never one that the App has not signed. */
import { generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { publicTicketKey, signTicket, type Ticket } from "../../../src/github/trust/index.ts";
import { personsAnswer } from "../../../src/hosts/runner/agent/persons-answer.ts";
import { itemStream } from "../../../src/record/index.ts";

const pem = (): string => generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const KEY = pem();
const ITEM = "99/issue-12/1";
const GATE = "gate-31-code-1-8dbf2163b3b83e82";

const ticketOf = (more: Partial<Ticket> = {}, login = "ada"): Ticket => ({
  v: 1,
  key: "0123456789abcdef",
  item: ITEM,
  repositoryId: 99,
  trigger: { kind: "issue_comment", id: "5", actor: { login, id: 42 }, verdict: "write" },
  issueNumber: 12,
  base: { ref: "main", sha: "a".repeat(40) },
  caps: { turns: 1, tokens: 1, costUsd: 1, minutes: 1 },
  textSha256: "b".repeat(64),
  expiresAt: "2026-01-02T00:00:00.000Z",
  ...more,
});
const approved = (reason: string): Pick<Ticket, "answer"> => ({ answer: { gate: GATE, verdict: "approved", reason } });

/** @param earlier tickets of the runs before, oldest first, as the record holds them */
const asked = (own: Partial<Ticket>, earlier: readonly string[]) => {
  const events = earlier.map((ticket) => ({ kind: "run_opened", data: { ticket } }));
  const read = (stream: string) => Promise.resolve(stream === itemStream(ITEM) ? events : []);
  return personsAnswer({ item: ITEM, publicKey: publicTicketKey(KEY) }, { ticket: ticketOf(own), journal: { read } as unknown as Parameters<typeof personsAnswer>[1]["journal"] });
};

it("its own word comes first, then the newest before it, in the name of who said it", async () => {
  const before = [signTicket(ticketOf(approved("first"), "ada"), KEY), signTicket(ticketOf(approved("second"), "grace"), KEY), signTicket(ticketOf(), KEY)];
  expect(await asked(approved("own"), before)).toMatchObject({ reason: "own", by: expect.stringContaining("ada") });
  expect(await asked({}, before)).toEqual({ gate: GATE, verdict: "approved", reason: "second", by: expect.stringMatching(/^grace /) });
  expect(await asked({}, [signTicket(ticketOf(), KEY)])).toBeUndefined();
});

it("attack 17: a ticket with another signature, of another item, or none at all says nothing", async () => {
  const forged = signTicket(ticketOf(approved("forged")), pem());
  const other = signTicket(ticketOf({ ...approved("other"), item: "99/issue-13/1", issueNumber: 13 }), KEY);
  expect(await asked({}, [forged, other, "x", ""])).toBeUndefined();
});
