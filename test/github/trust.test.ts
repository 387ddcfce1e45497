import { generateKeyPairSync } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import fc from "../fakes/fast-check.ts";
import { describe, expect, it } from "vitest";
import { decodeTask, encodeTask, permissionVerdict, publicTicketKey, signTicket, TASK_NOT_CARRIED, taskDigest, verifyTicket, type Ticket } from "../../src/github/trust/index.ts";
import type { Permission } from "../../src/github/read/index.ts";
import { canonicalJson } from "../../src/shared/json.ts";
import { sha256Hex } from "../../src/shared/hash.ts";

const newKey = () => generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const KEY = newKey();
const PUBLIC = publicTicketKey(KEY);
const TICKET: Ticket = {
  v: 1,
  key: "0123456789abcdef0123456789abcdef",
  item: "99/issue-12/1",
  repositoryId: 99,
  trigger: { kind: "issues.labeled", id: "d-1", actor: { login: "octocat", id: 42 }, verdict: "write" },
  issueNumber: 12,
  base: { ref: "main", sha: "b".repeat(40) },
  caps: { turns: 10, tokens: 1_000, costUsd: 1.5, minutes: 5 },
  textSha256: "c".repeat(64),
  expiresAt: "2026-01-02T00:00:00.000Z",
};
const IN_TIME = { runCreatedAt: "2026-01-01T00:00:00Z" };
const kindOf = (result: ReturnType<typeof verifyTicket>) => (result.ok ? "ok" : result.error.kind);

describe("does a ticket hold?", () => {
  it("gives back what was signed", () => {
    expect(verifyTicket(signTicket(TICKET, KEY), PUBLIC, IN_TIME)).toEqual({ ok: true, value: TICKET });
  });

  it("attack 19: not under another key, not changed, not without a signature", () => {
    const [payload = "", signature = ""] = signTicket(TICKET, KEY).split(".");
    const forged = Buffer.from(canonicalJson({ ...TICKET, issueNumber: 13 })).toString("base64url");
    expect(kindOf(verifyTicket(signTicket(TICKET, newKey()), PUBLIC, IN_TIME))).toBe("ticket-forged");
    expect(kindOf(verifyTicket(`${forged}.${signature}`, PUBLIC, IN_TIME))).toBe("ticket-forged");
    for (const text of ["", ".", payload, `${payload}.`, `.${signature}`, `${payload}.${signature}.${signature}`, "x".repeat(10_000)]) {
      expect(kindOf(verifyTicket(text, PUBLIC, IN_TIME))).not.toBe("ok");
    }
  });

  it("attack 19: not a ticket for a run created after it ended, nor with a time nobody can read", () => {
    const text = signTicket(TICKET, KEY);
    expect(kindOf(verifyTicket(text, PUBLIC, { runCreatedAt: "2026-01-02T00:00:01Z" }))).toBe("ticket-expired");
    expect(kindOf(verifyTicket(text, PUBLIC, { runCreatedAt: "soon" }))).toBe("ticket-expired");
  });

  it("any single character changed makes it invalid", () => {
    const text = signTicket(TICKET, KEY);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(..."ABCabc019-_.=+/ "), (at, character) => {
        fc.pre(text[at] !== character);
        return !verifyTicket(text.slice(0, at) + character + text.slice(at + 1), PUBLIC, IN_TIME).ok;
      }),
      { numRuns: 300 },
    );
  });

  it("says so when a key is none", () => {
    expect(() => publicTicketKey("no key")).toThrow("not an Ed25519 private key");
    expect(() => verifyTicket(signTicket(TICKET, KEY), "no key", IN_TIME)).toThrow("not an Ed25519 public key");
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    expect(() => signTicket(TICKET, rsa)).toThrow("not an Ed25519 private key");
  });
});

describe("does the task text travel unchanged?", () => {
  it("whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary", maxLength: 2_000 }), (title, body) => {
        const text = { title: title.toWellFormed(), body: body.toWellFormed() };
        const decoded = decodeTask(encodeTask(text));
        expect(decoded.ok && decoded.value).toEqual(text);
      }),
      { numRuns: 40 },
    );
  });

  it("its digest is that of the canonical JSON of body and title", () => {
    expect(taskDigest({ title: "t", body: "b" })).toBe(sha256Hex('{"body":"b","title":"t"}'));
  });

  it("the longest issue in prose fits; what no compression makes fit is named as not carried", () => {
    const prose = "The sum is off by one when the list is empty. ".repeat(1_424).slice(0, 65_536);
    expect(encodeTask({ title: "t", body: prose }).length).toBeLessThan(60_000);
    const noise = Array.from({ length: 65_536 }, (_, index) => String.fromCodePoint(0x4e00 + ((index * 7_919 * (index % 251)) % 20_000))).join("");
    expect(encodeTask({ title: "t", body: noise })).toBe(TASK_NOT_CARRIED);
    expect(decodeTask(TASK_NOT_CARRIED)).toMatchObject({ ok: false, error: { kind: "task-not-carried" } });
  });

  it("attack 14: a bomb, noise and other JSON are refused", () => {
    const bomb = deflateRawSync(Buffer.alloc(50_000_000)).toString("base64url");
    for (const text of [bomb, "", "%%%", "AAAA", deflateRawSync('{"title":1}').toString("base64url"), deflateRawSync("[").toString("base64url")]) {
      expect(decodeTask(text)).toMatchObject({ ok: false, error: { kind: "task-malformed" } });
    }
  });
});

describe("who may start work?", () => {
  const known = (roleName: string, permission: string, more: { userType?: string; userId?: number } = {}): Permission => ({ kind: "known", roleName, permission, userId: 42, userType: "User", ...more });

  it.each(["write", "maintain", "admin"])("%s may", (role) => {
    expect(permissionVerdict(known(role, role === "maintain" ? "write" : role), 42)).toEqual({ kind: "allowed", role });
  });

  it.each(["triage", "read", "none"])("attack 1: %s may not", (role) => {
    expect(permissionVerdict(known(role, "write"), 42)).toMatchObject({ kind: "denied", reason: "role" });
  });

  it("a custom role counts as the base role it extends", () => {
    expect(permissionVerdict(known("release-captain", "write"), 42)).toEqual({ kind: "allowed", role: "write" });
    expect(permissionVerdict(known("issue-gardener", "read"), 42)).toMatchObject({ kind: "denied" });
  });

  it("attack 1: a bot may not, whatever it is called and whatever it may write; nor an account that took over the login", () => {
    expect(permissionVerdict(known("admin", "admin", { userType: "Bot" }), 42)).toMatchObject({ kind: "denied", reason: "not-a-person" });
    expect(permissionVerdict(known("admin", "admin", { userId: 43 }), 42)).toMatchObject({ kind: "denied", reason: "other-account" });
  });

  it("attack 1: no answer is a no", () => {
    expect(permissionVerdict({ kind: "none" }, 42)).toMatchObject({ kind: "denied" });
    expect(permissionVerdict({ kind: "unavailable", status: 502 }, 42)).toEqual({ kind: "unknown" });
  });
});
