/**
 * Names of the tests that failed, out of what a test command printed: TAP (testanything.org), what `node --test` prints, and JUnit XML.
 * Pure.
 *
 * I9. Read by the format's own structure or not at all: an output that was cut, does not add up, or has a failing name twice gives
 *     null, since a failure must not be taken for another one that is older than the work.
 */

/** More failures, or longer names, are no list that anybody compares. */
const MOST_NAMES = 200;
const MOST_NAME_CHARS = 300;

/** @param output all that the command printed; one that was cut says so in its first lines */
export function failingTests(output: string): readonly string[] | null {
  if (/^\n?\[(?:the first )?\d+ (?:bytes|characters)(?: are)? left out\]/.test(output)) return null;
  const text = output.replaceAll(/\u001b\[[0-9;]*m/g, "");
  const readers = [readTap, readNodeSpec, readJunit].flatMap((read) => read(text) ?? []);
  const [only, ...others] = readers;
  return only === undefined || others.length > 0 ? null : named(only.results);
}

interface Result {
  readonly path: string;
  readonly failed: boolean;
}
interface Read {
  readonly results: readonly Result[];
}

function named(results: readonly Result[]): readonly string[] | null {
  const times = new Map<string, number>();
  for (const { path } of results) times.set(path, (times.get(path) ?? 0) + 1);
  const failing = results.flatMap(({ path, failed }) => (failed ? [path] : []));
  const doubtful = failing.length === 0 || failing.length > MOST_NAMES || failing.some((path) => times.get(path) !== 1 || path.length > MOST_NAME_CHARS);
  return doubtful ? null : failing;
}

interface Line {
  readonly indent: number;
  readonly name: string;
  readonly failed: boolean;
}

/** Results in which a test follows its subtests, which are indented further; only the innermost failures count. */
function nested(lines: readonly Line[]): readonly Result[] {
  let open: { indent: number; path: string; failed: boolean }[] = [];
  for (const { indent, name, failed } of lines) {
    const first = open.findLastIndex((each) => each.indent <= indent) + 1;
    const inner = open.slice(first).map((each) => ({ ...each, indent, path: `${name} > ${each.path}` }));
    open = [...open.slice(0, first), ...inner, { indent, path: name, failed: failed && !inner.some((each) => each.failed) }];
  }
  return open;
}

function readTap(text: string): Read | null {
  const lines: Line[] = [];
  const plans: number[] = [];
  let yaml: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (yaml !== null) {
      if (line === `${yaml}...`) yaml = null;
      continue;
    }
    const [, before, opens] = /^(\s*)(---)$/.exec(line) ?? [];
    if (opens !== undefined) yaml = before ?? "";
    const [, plan] = /^1\.\.(\d+)(?:\s+#.*)?$/.exec(line) ?? [];
    if (plan !== undefined) plans.push(Number(plan));
    const [, indent = "", not, name = "", directive] = /^( *)(not )?ok\b(?: +\d+)?(?: +- | +|$)(.*?)(?: +(?<!\\)# *(todo|skip)\S*(?: .*)?)?$/i.exec(line) ?? [];
    if (/^ *(?:not )?ok\b/.test(line)) lines.push({ indent: indent.length, name: name.trim(), failed: not !== undefined && directive === undefined });
  }
  const results = lines.filter(({ indent }) => indent === 0).length;
  if (yaml !== null || plans.length !== 1 || plans[0] !== results || lines.some(({ name }) => name === "")) return null;
  return { results: nested(lines) };
}

/** What `node --test` prints where no reporter is named (since Node 23): results as they come, counts, and each failure once more. */
function readNodeSpec(text: string): Read | null {
  const parts = text.split(/^✖ failing tests:$/m);
  const [body = "", list = ""] = parts;
  if (parts.length !== 2 || !/^ℹ fail [1-9]\d*$/m.test(body)) return null;
  const lines: Line[] = [];
  for (const line of body.split("\n")) {
    const [, indent = "", sign, name] = /^( *)([✔✖⚠﹣]) (.+) \([\d.]+ms\)(?: # .*)?$/u.exec(line) ?? [];
    if (name !== undefined) lines.push({ indent: indent.length, name, failed: sign === "✖" });
  }
  const results = nested(lines);
  const again = [...list.matchAll(/^test at .+:\d+:\d+\n✖ (.+) \([\d.]+ms\)$/gm)].map(([, name]) => name);
  const innermost = results.flatMap(({ path, failed }) => (failed ? [path] : []));
  const agree = again.length === innermost.length && again.every((name) => innermost.some((path) => path === name || path.endsWith(` > ${name ?? ""}`)));
  return agree ? { results } : null;
}

const ATTRIBUTES = String.raw`((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*`;
const JUNIT = new RegExp(String.raw`<(testsuites?|testcase|failure|error|skipped)${ATTRIBUTES}(/?)>|</(testsuites?|testcase)\s*>`, "g");

function readJunit(text: string): Read | null {
  const xml = text.replaceAll(/<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->/g, "");
  const suites: (string | null)[] = [];
  const results: { path: string; failed: boolean; skipped: boolean }[] = [];
  let [roots, cases]: [number, "outside" | "inside"] = [0, "outside"];
  for (const [, opened, attributes = "", alone, closed] of xml.matchAll(JUNIT)) {
    const last = results.at(-1);
    if (opened === "testsuites" || opened === "testsuite") {
      if (suites.length === 0) roots += 1;
      if (alone !== "/") suites.push(attribute(attributes, "name"));
    } else if (closed === "testsuites" || closed === "testsuite") suites.pop();
    else if (opened === "testcase") {
      const parts = [...suites, attribute(attributes, "file"), attribute(attributes, "classname"), attribute(attributes, "name")];
      results.push({ path: parts.filter((part) => part !== null && part !== "").join(" > "), failed: false, skipped: false });
      cases = alone === "/" ? "outside" : "inside";
    } else if (closed === "testcase") cases = "outside";
    else if (cases === "inside" && last !== undefined) results[results.length - 1] = { ...last, failed: last.failed || opened !== "skipped", skipped: last.skipped || opened === "skipped" };
  }
  const whole = roots === 1 && suites.length === 0 && cases === "outside" && results.length === [...xml.matchAll(/<testcase\b/g)].length;
  return whole ? { results: results.map(({ path, failed, skipped }) => ({ path, failed: failed && !skipped })) } : null;
}

function attribute(attributes: string, name: string): string | null {
  const [, double, single] = new RegExp(String.raw`\s${name}\s*=\s*(?:"([^"]*)"|'([^']*)')`).exec(attributes) ?? [];
  return double ?? single ?? null;
}
