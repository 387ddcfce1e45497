/** What the text of an issue names as a spec or pitch: only paths inside the repository come of it. */
import { describe, expect, test } from "vitest";
import { namedFiles } from "../../src/coordinator/linked-files.ts";
import { cpuTimer } from "../fakes/cpu-time.ts";

const PLACE = { repository: "acme/shop", branch: "main" };
const found = (text: string, place: Parameters<typeof namedFiles>[1] = PLACE) => namedFiles(text, place);

describe("a file of this repository that is called what it is", () => {
  test.each<[string, string, "pitch" | "direction"]>([
    ["[the spec](docs/totals.md)", "docs/totals.md", "direction"],
    ["[spec](./docs/totals.md#rounding)", "docs/totals.md", "direction"],
    ["[read this](docs/specs/totals.yaml?plain=1)", "docs/specs/totals.yaml", "direction"],
    ["Spec: docs/totals.md", "docs/totals.md", "direction"],
    ["see docs/rfcs/0012-totals.md.", "docs/rfcs/0012-totals.md", "direction"],
    ["Design doc: https://github.com/acme/shop/blob/main/docs/a%20b.md.", "docs/a b.md", "direction"],
    ["[Design](https://github.com/Acme/Shop/blob/1f2e3d/docs/x.txt)", "docs/x.txt", "direction"],
    ["[pitch](/docs/pitch.md)", "docs/pitch.md", "pitch"],
    ["[spec of the pitch](docs/x.md)", "docs/x.md", "pitch"],
  ])("%s", (text, path, as) => {
    expect(found(text)).toEqual({ files: [{ path, as }], passedOver: [] });
  });

  test("a branch whose name has a slash, and a local task without a repository", () => {
    expect(found("spec: https://github.com/acme/shop/blob/release/2/docs/x.md", { repository: "acme/shop", branch: "release/2" }).files).toEqual([{ path: "docs/x.md", as: "direction" }]);
    expect(found("spec: docs/x.md", { repository: null, branch: "main" }).files).toHaveLength(1);
  });

  test.each(["See docs/configuration.md and [the README](README.md).", "We inspected docs/list.md", "<!-- spec: docs/hidden.md -->", "", "https://example.org/"])("%j names nothing", (text) => {
    expect(found(text)).toEqual({ files: [], passedOver: [] });
  });
});

describe("hostile texts", () => {
  test.each([
    ["[spec](../../etc/passwd.md)", "not a path inside"],
    ["spec: ../../etc/passwd.md", "not a path inside"],
    ["[spec](docs/%2e%2e/%2e%2e/etc/passwd.md)", "not a path inside"],
    ["[spec](docs/..%2f..%2fetc/x.md)", "not a path inside"],
    ["[spec](docs\\..\\x.md)", "not a path inside"],
    ["[spec](docs/%00.md)", "not a path inside"],
    ["[spec](docs/%E0%A4%A.md)", "not a path inside"],
    ["[spec](https://github.com/acme/shop/blob/main/../../../x.md)", "not a path inside"],
    ["[spec](https://github.com/evil/shop/blob/main/x.md)", "links elsewhere are not followed"],
    ["[spec](https://github.com.evil.example/acme/shop/blob/main/x.md)", "links elsewhere are not followed"],
    ["[spec](//evil.example/x.md)", "links elsewhere are not followed"],
    ["[spec](file:///etc/passwd.md)", "links elsewhere are not followed"],
    ["spec https://raw.githubusercontent.com/acme/shop/main/x.md", "links elsewhere are not followed"],
    ["[spec](docs/x.pdf)", "only .md"],
    ["[spec](/etc/passwd)", "only .md"],
  ])("%s is passed over, and that is said", (text, why) => {
    const { files, passedOver } = found(text);
    expect(files).toEqual([]);
    expect(passedOver).toMatchObject([{ why: expect.stringContaining(why) }]);
  });

  test("a name that a pattern would read is a name, and a repository's dots are dots", () => {
    expect(found("[spec](docs/[a-z]*.md)").files.every(({ path }) => path === "docs/[a-z]*.md")).toBe(true);
    expect(found("[spec](https://github.com/acme/shopXjs/blob/main/x.md)", { repository: "acme/shop.js", branch: "main" }).files).toEqual([]);
  });

  test("links without end are looked at up to a number, and a text made to be slow is not", () => {
    const many = found(Array.from({ length: 200 }, (_, index) => `[spec](docs/${index}.md)`).join("\n"));
    expect(many.files).toHaveLength(50);
    expect(many.passedOver).toMatchObject([{ path: "(more links)" }]);
    const spentMs = cpuTimer();
    for (const text of ["[".repeat(60_000), "a/".repeat(30_000), "<!--".repeat(15_000), "spec https://".repeat(5_000), `[spec](${"../".repeat(20_000)}`]) found(text);
    expect(spentMs()).toBeLessThan(2_000);
  });
});
