/** What the bundle takes of the packages it cuts (scripts/left-out.ts) does what the packages do. re2js has a test of its own. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "rolldown";
import { afterAll, describe, expect, test } from "vitest";
import type * as yamlPackage from "yaml";
import type * as zodPackage from "zod";
import { zodFaults } from "../../scripts/lean-zod.ts";
import { inBundle } from "../../scripts/left-out.ts";
import * as provider from "../../src/agent/provider.ts";

const ROOT = join(import.meta.dirname, "../..");
const place = mkdtempSync(join(tmpdir(), "worktrain-left-out-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** A package as the bundle has it, and how many of its files are not as they were. */
function cut(directory: string): { readonly at: string; readonly changed: number } {
  const at = join(place, "node_modules", directory);
  cpSync(join(ROOT, "node_modules", directory), at, { recursive: true });
  const files = readdirSync(at, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith(".js"));
  const changed = files.filter(({ parentPath, name }) => {
    const path = join(parentPath, name);
    const made = inBundle(path);
    if (made !== null) writeFileSync(path, made.code);
    return made !== null;
  });
  return { at, changed: changed.length };
}

describe("YAML", async () => {
  const { at, changed } = cut("yaml/browser");
  type Yaml = typeof yamlPackage;
  const lean: Yaml = await import(join(at, "dist/index.js"));
  const whole: Yaml = await import(join(ROOT, "node_modules/yaml/browser/dist/index.js"));

  /** Tokens, values, places and faults of a text. */
  function told(yaml: Yaml, text: string): unknown {
    const document = yaml.parseDocument(text, { stringKeys: true, prettyErrors: false, lineCounter: new yaml.LineCounter() });
    const faults = [...document.errors, ...document.warnings].map(({ code, message, pos }) => ({ code, message, pos }));
    const lexed = [...new yaml.Lexer().lex(text)];
    const composed = [...new yaml.Composer({ keepSourceTokens: false, uniqueKeys: false, merge: false }).compose(new yaml.Parser().parse(text), true, text.length)];
    const keys = composed.flatMap(({ contents }) => (yaml.isMap(contents) ? contents.items.map(({ key }) => String(key)) : []));
    return { faults, lexed, keys, ranges: composed.map(({ range }) => range), tokens: [...new yaml.Parser().parse(text)], value: document.errors.length > 0 ? null : (document.toJS() as unknown) };
  }

  const workflows = readdirSync(join(ROOT, "workflows"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml"));

  test("is cut in thirty places", () => expect(changed).toBe(30));

  test.each(workflows)("%s reads the same", (name) => {
    const text = readFileSync(join(ROOT, "workflows", name), "utf8");
    expect(told(lean, text)).toEqual(told(whole, text));
  });

  test.each([
    "", "a: 1\nb: [1, 2.5, 0x1F, true, null, ~, .inf, 1e3]\nc: {d: 'e', \"f\\n\": g}\n", "|\n  kept\n   deeper\n", ">-\n folded\n text\n\n more\n", "a: &x [1]\nb: *x\n", "? {a: b}\n: c\n", "? [a, [b]]\n: {c: d}\n", "? *x\n: 1\n",
    "%YAML 1.1\n---\nyes: 2001-12-14\n", "%YAML 1.1\n---\n- 1:30\n- 1:30.5\n- 0b101\n- 0o17\n- 017\n- 1_000.5\n- !!omap [a: 1, b: 2]\n- !!pairs [a: 1, a: 2]\n- !!omap [a: 1, a: 2]\n- {<<: {a: 1}, b: off}\n- 2001-12-14t21:59:43.10-05:00\n- !!float 1\n- !!null x\n", "a: !!set {b, c}\n", "a: !!binary aGk=\n", "- a\n -b\n", "a: b: c", "[1, 2", "{a", "\"open", "a:\n\t- b", "--- a\n--- b\n...\n", "# only a comment\n", "1: x\nnull: y\n", "a: !tag b\n", "a\n: b", "- - - a\n    - b\n", "k: |2+\n   x\n\n",
  ])("%j reads the same", (text) => {
    expect(told(lean, text)).toEqual(told(whole, text));
  });
});

describe("JSON of GitHub's answers", async () => {
  const { at, changed } = cut("json-with-bigint");
  const entry = "json-with-bigint.js";
  interface Json {
    JSONParse(text: string): unknown;
    JSONStringify(value: unknown): string;
  }
  const lean: Json = await import(join(at, entry));
  const uncut: Json = await import(join(ROOT, "node_modules/json-with-bigint", entry));

  test("is cut", () => expect(changed).toBe(1));

  test.each(["1", "-0", "9007199254740991", "9007199254740993", "-9007199254740993", "1e400", "1.5e20", "100000000000000000000.5", '{"id":12345678901234567890,"text":"12345678901234567890n","list":[9007199254740992,"1n"]}', "null", '""'])("%s reads and writes the same", (text) => {
    const value = lean.JSONParse(text);
    expect(value).toEqual(uncut.JSONParse(text));
    expect(lean.JSONStringify(value)).toBe(uncut.JSONStringify(value));
  });

  test("what is no JSON is refused", () => expect(() => lean.JSONParse("{")).toThrow(SyntaxError));
});

describe("zod", async () => {
  const { at, changed } = cut("zod");
  type Zod = typeof zodPackage;
  const lean: Zod = await import(join(at, "index.js"));
  const whole: Zod = await import(join(ROOT, "node_modules/zod/index.js"));

  test("is cut in four places", () => expect(changed).toBe(4));

  /** Texts and numbers of all sorts, and everything once more within a list and an object. */
  const plain: readonly unknown[] = [undefined, null, true, 0, 1, -0.5, 7, Number.NaN, 12n, Symbol.for("s"), "", "a", " 12 ", "x@y.zz", "https://a.b/c", "2026-11-30T12:00:00Z", "::1", new Date(0), new Date(Number.NaN), () => 1];
  const inputs = [...plain, [], {}, new Map([["a", 1]]), new Set(["a"]), ...plain.flatMap((value) => [[value], ["a", value], { a: value }, { kind: "a", a: value }, { a: value, more: { a: value } }])];

  type Made = (z: Zod) => zodPackage.ZodType;
  const schemas: Readonly<Record<string, Made>> = {
    texts: (z) => z.union([z.string().min(1).max(3), z.string().trim().regex(/^\d+$/), z.email(), z.url(), z.iso.datetime(), z.ipv6(), z.base64(), z.cidrv6(), z.object({ a: z.jwt() })]),
    numbers: (z) => z.union([z.int().min(1), z.number().gt(-1).lt(0).multipleOf(0.5), z.nan()]),
    "an object": (z) => z.object({ a: z.string().optional(), more: z.object({ a: z.unknown() }).nullish() }),
    "a strict object": (z) => z.strictObject({ a: z.union([z.literal([1, "a"]), z.enum(["x", "a"]), z.null()]).default(1) }),
    "a loose object": (z) => z.looseObject({ a: z.array(z.string().nullable()).min(1).prefault([null]).readonly() }),
    "a choice": (z) => z.discriminatedUnion("kind", [z.object({ kind: z.literal("a"), a: z.int() }), z.object({ kind: z.literal("b") })]),
    "a record": (z) => z.record(z.string(), z.json()),
    "a cycle": (z) => z.lazy(() => z.object({ a: z.unknown(), more: z.lazy(() => z.object({ a: z.string() })).optional() })),
    refined: (z) => z.object({ a: z.string().transform((text) => text.length).catch(7) }).refine(({ a }) => a !== 1, "one").superRefine((_, context) => context.addIssue({ code: "custom", message: "never", path: ["a"] })),
    "kinds left out": (z) => z.union([z.tuple([z.string(), z.bigint()]), z.map(z.string(), z.int()), z.set(z.string()), z.date(), z.symbol(), z.undefined(), z.nonoptional(z.number().optional()), z.templateLiteral(["x@", z.string()])]),
    "what is left out within": (z) => z.object({ a: z.union([z.tuple([z.string()]).optional(), z.date(), z.void(), z.map(z.string(), z.int())]) }),
  };

  /** What came of it, but for classes, of which each package has its own. */
  const told = (schema: zodPackage.ZodType, input: unknown): unknown => {
    const { success, data, error } = schema.safeParse(input);
    return success ? { data } : { issues: error.issues, message: error.message };
  };

  test.each(Object.entries(schemas))("reads %s alike, compiled or not", (_name, made) => {
    expect(inputs.length).toBeGreaterThan(100);
    for (const input of inputs) {
      const expected = told(made(whole), input);
      expect(told(made(lean), input)).toEqual(expected);
      expect(told(lean.compile(made(lean)), input)).toEqual(expected);
    }
    const written = (z: Zod): unknown => z.toJSONSchema(made(z), { io: "input", unrepresentable: "any" });
    expect(written(lean)).toEqual(written(whole));
  });

  test("what stays is compiled: nothing of it is left to the schema's own parse", () => {
    const made = schemas["an object"]?.(lean) ?? lean.never();
    expect(lean.compile(made, { strict: true })).not.toBe(made);
    expect(() => lean.compile(lean.tuple([]), { strict: true })).toThrow("tuple");
  });

  test("what is left out throws", () => expect(() => lean.string().email()).toThrow("email is not a function"));

  test.each([
    ["z.string().max(3).email()", ["email"]],
    ["const a: B = z\n.object({ a: z.string().toLowerCase() })\n.partial()", ["toLowerCase"]],
    ["function f(x: T) { return known.nonnegative().min(1); }", ["nonnegative"]],
    ["z.iso.date().optional()", []],
    ["z.string().parse(x).toLowerCase()", []],
    ["a.toLowerCase()", []],
    ["z.email()", []],
  ])("%s is found in the sources", (code, faults) => expect(zodFaults(code)).toEqual(faults));
});

describe("the SDK", async () => {
  let changed = 0;
  const load = (id: string): { readonly code: string } | null => {
    const made = inBundle(id);
    if (made?.file.startsWith("@anthropic-ai/sdk/") === true) changed += 1;
    return made;
  };
  const file = join(place, "sdk", "provider.mjs");
  await build({ input: join(ROOT, "src/agent/provider.ts"), platform: "node", logLevel: "silent", plugins: [{ name: "cut", load }], external: /-sdk$/, output: { dir: join(place, "sdk"), entryFileNames: "provider.mjs" } });
  const lean: typeof provider = await import(file);
  const tokenFile = join(place, "token");
  writeFileSync(tokenFile, "header.claims.signature");

  const EVENTS = [{ type: "message_start", message: { id: "m" } }, { type: "ping" }, { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }];
  const REPLIES: Readonly<Record<string, () => Response>> = {
    "/v1/oauth/token": () => Response.json({ access_token: "access", token_type: "Bearer", expires_in: 3_600 }),
    "/v1/messages/count_tokens": () => Response.json({ input_tokens: 7 }),
    "/v1/messages": () => new Response(EVENTS.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""), { headers: { "content-type": "text/event-stream", "request-id": "req_1" } }),
  };

  /** What goes out and what comes of it, errors included. */
  async function told({ openClient, credentialProblem }: typeof provider, endpoint: Partial<provider.AgentEndpoint>, status: number): Promise<unknown> {
    const story: unknown[] = [];
    const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const { method, url, headers, body } = new Request(input, init);
      const sent = [...headers].filter(([name]) => name !== "x-stainless-timeout");
      story.push({ method, url, sent, body: body === null ? null : await new Response(body).text() });
      return status === 200 ? (REPLIES[new URL(url).pathname.replace("/base", "")]?.() ?? Response.error()) : Response.json({ error: { type: "some_error", message: "No." } }, { status, headers: { "retry-after": "3" } });
    };
    const asked = { model: "claude-opus-5-5", messages: [{ role: "user" as const, content: "Hi" }] };
    const failed = (error: unknown): void => {
      const { name, message, status: answered } = Object.assign(new Error("?"), error instanceof Error ? { name: error.constructor.name, message: error.message } : {}, { status: error instanceof Error && "status" in error ? error.status : null });
      story.push({ name, message, answered, problem: credentialProblem(error) });
    };
    const client = await openClient({ apiKey: "key", ...endpoint, fetch });
    await client.messages.countTokens(asked).then((counted) => story.push(counted), failed);
    try {
      const { data, request_id: id } = await client.messages.create({ ...asked, max_tokens: 10, stream: true }).withResponse();
      story.push(id);
      for await (const event of data) story.push(event);
    } catch (error) {
      failed(error);
    }
    return story;
  }

  test("is cut", () => expect(changed).toBeGreaterThan(10));

  const keyless = { apiKey: "", provider: { kind: "keyless", federationRuleId: "r", organizationId: "o", identityTokenFile: tokenFile } } as const;
  test.each([
    ["by key", {}, 200, "Overloaded"],
    ["by key, refused", {}, 401, "AuthenticationError"],
    ["by key, later", {}, 429, "RateLimitError"],
    ["by key, broken", {}, 529, "OverloadedError"],
    ["elsewhere", { baseUrl: "https://model.example/base" }, 200, "https://model.example/base/v1/messages"],
    ["keyless", keyless, 200, "Bearer access"],
    ["keyless, refused", keyless, 403, "cannot be had"],
    ["keyless without a token", { ...keyless, provider: { ...keyless.provider, identityTokenFile: join(place, "none") } }, 200, "ENOENT"],
  ])("asks %s alike", async (_name, endpoint, status, said) => {
    const story = await told(lean, endpoint, status);
    expect(story).toEqual(await told(provider, endpoint, status));
    expect(JSON.stringify(story)).toContain(said);
  });
});
