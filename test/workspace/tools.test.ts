import { existsSync, linkSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { workspaceTools } from "../../src/agent/tools/workspace-tools.ts";
import { put, repository, sandboxOn, inShell, temporaryDirectory } from "./small-repository.ts";

type Mode = "bubblewrap" | "weak";

async function open(mode: Mode, files: Parameters<typeof repository>[0]) {
  const { directory } = repository(files);
  const sandbox = await sandboxOn(directory, mode);
  const call = (tool: string, input: unknown, signal?: AbortSignal) => sandbox.call(tool, input, signal === undefined ? {} : { signal });
  return { directory, sandbox, call };
}

describe.each(["bubblewrap", "weak"] as const)("the tools in the %s sandbox", (mode) => {
  test("edit needs the file read and unchanged, and one exact match", async () => {
    const { directory, call } = await open(mode, { "a.txt": "x = 1\ny = 1\n", crlf: "a\r\nb\r\nc\r\n" });
    const edit = (more: object) => call("edit", { path: "a.txt", old_string: "x = 1", new_string: "x = 2", ...more });
    expect((await edit({})).content).toBe("Read a.txt before you edit it.");
    await call("read", { path: "a.txt" });
    expect((await edit({ old_string: "= 1" })).content).toMatch(/2 times/);
    expect((await edit({ old_string: "z" })).content).toMatch(/is not in a.txt/);
    expect(await edit({})).toEqual({ content: "Edited a.txt: 1 replacement.", isError: false });
    expect(readFileSync(join(directory, "a.txt"), "utf8")).toBe("x = 2\ny = 1\n");
    writeFileSync(join(directory, "a.txt"), "changed\n");
    expect((await edit({})).content).toMatch(/has changed since you read it/);
    await call("read", { path: "crlf" });
    await call("edit", { path: "crlf", old_string: "a\nb", new_string: "a\nnew\nb" });
    expect(readFileSync(join(directory, "crlf"), "utf8")).toBe("a\r\nnew\r\nb\r\nc\r\n");
  });

  test("bash gives output, exit code and its own clean environment", async () => {
    const { call, directory } = await open(mode, { "d/f": "" });
    expect(await call("bash", { command: "echo out; echo err >&2; exit 3" })).toEqual({ content: "out\nerr\n[exit code 3]", isError: true });
    expect((await call("bash", { command: "pwd; ls", cwd: "d" })).content).toBe(`${join(directory, "d")}\nf\n[exit code 0]`);
    expect((await call("bash", { command: "echo $CI; ls -A ~; cd /; exit 0" })).content).toBe("true\n[exit code 0]");
    expect((await call("bash", { command: "x", cwd: ".." })).isError).toBe(true);
    expect((await call("bash", { command: "x", timeout_ms: 700_000 })).content).toMatch(/from 1 to 600000/);
  });

  test("a command may open its own output, as scripts do that write to /dev/stderr", async () => {
    const { call } = await open(mode, {});
    expect(await call("bash", { command: "echo out >/dev/stdout; echo err >/dev/stderr; echo both | tee /dev/stderr" })).toEqual({ content: "out\nerr\nboth\nboth\n[exit code 0]", isError: false });
    // Where no pipe can be made the output still comes.
    expect((await call("bash", { command: "chmod 555 $TMPDIR; echo x" })).content).toBe("x\n[exit code 0]");
    expect((await call("bash", { command: "echo y >&2; chmod 700 $TMPDIR" })).content).toBe("y\n[exit code 0]");
  });

  test("fault 42: a command that never ends is timed out, with its children", async () => {
    const { call } = await open(mode, {});
    // A shell that ignores SIGTERM costs two seconds: once is enough.
    const trap = mode === "bubblewrap" ? "trap '' TERM; " : "";
    const result = await call("bash", { command: `${trap}echo started; sleep 1000 & while true; do sleep 1; done`, timeout_ms: 200 });
    expect(result.content).toMatch(/^started\n\[Timed out after 200 ms/);
    expect((await call("bash", { command: "ps -e -o args= | grep -c '[s]leep 1000' || true" })).content).toBe("0\n[exit code 0]");
  });

  test("fault 36: cancelling a call ends its command; calls beside it go on", async () => {
    const { call, directory } = await open(mode, { a: "text" });
    const controller = new AbortController();
    const running = call("bash", { command: "touch started; sleep 1000" }, controller.signal);
    while (!existsSync(join(directory, "started"))) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect(await running).toMatchObject({ isError: true, content: expect.stringContaining("Cancelled") });
    expect(await call("read", { path: "a" })).toMatchObject({ isError: false });
    expect(await call("read", { path: "a" }, AbortSignal.abort())).toEqual({ content: "Cancelled before it started.", isError: true });
  });

  test("runCommand tells how the command ended and the end of its output", async () => {
    const { sandbox } = await open(mode, {});
    const run = (command: string, timeoutMs = 10_000) => sandbox.runCommand({ command, timeoutMs, maxOutputBytes: 100 });
    expect(await run("echo no; exit 7")).toMatchObject({ exitCode: 7, timedOut: false, outputTail: "no\n" });
    expect((await run("seq 1 1000")).outputTail).toMatch(/bytes left out\]\n[\s\S]*1000\n$/);
    expect(await run("sleep 100", 100)).toMatchObject({ exitCode: null, timedOut: true });
  });

  test("fault 58: links, .., .git and special files are refused by every tool that takes a path", async () => {
    const { call, directory } = await open(mode, { "a.txt": "" });
    const outside = temporaryDirectory();
    put(outside, "secret", "CANARY");
    put(directory, "link", { link: join(outside, "secret") });
    put(directory, "dir", { link: outside });
    put(directory, "dangling", { link: join(outside, "made-later") });
    put(directory, "git", { link: ".git" });
    put(directory, "loop", { link: "loop" });
    mkdirSync(join(directory, "sub", ".git"), { recursive: true });
    inShell(directory, "mkfifo fifo");
    const paths = ["link", "dir/secret", "dir/new", "dangling", "../outside", join(outside, "secret"), "/etc/passwd", "/proc/self/environ", "/dev/zero", ".git/config", ".GIT/config", "git/hooks/x", "sub/.git/x", "loop", "fifo", "a.txt/../../x"];
    const inputs = { read: {}, write: { content: "x" }, edit: { old_string: "CANARY", new_string: "x" }, grep: { pattern: "CANARY" }, glob: { pattern: "*" } };
    const allowed: string[] = [];
    for (const path of paths) {
      for (const [tool, input] of [...Object.entries(inputs).map(([name, rest]) => [name, { path, ...rest }] as const), ["bash", { command: "cat", cwd: path }] as const]) {
        const result = await call(tool, input);
        if (!result.isError && !/^No (match|file)/.test(result.content)) allowed.push(`${tool} ${path}: ${result.content}`);
      }
    }
    expect(allowed).toEqual([]);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("CANARY");
    expect(existsSync(join(outside, "new"))).toBe(false);
  });

});

describe("what does not depend on the walls", () => {
  test("read numbers lines, pages, and says what it cannot show", async () => {
    const { call } = await open("weak", { "a.txt": "one\ntwo\nthree\n", empty: "", bin: new Uint8Array([1, 0, 2]), "long.txt": "x\n".repeat(2_500), latin: new Uint8Array([0x61, 0xe9]), crlf: "a\r\nb\r\n" });
    expect((await call("read", { path: "a.txt", offset: 2, limit: 1 })).content).toBe("     2\ttwo\n[Lines 2 to 2 of 3; go on with offset 3.]");
    expect((await call("read", { path: "empty" })).content).toBe("empty is empty.");
    expect(await call("read", { path: "bin" })).toEqual({ content: "bin is binary (3 bytes).", isError: true });
    expect((await call("read", { path: "long.txt" })).content).toMatch(/go on with offset 2001/);
    expect((await call("read", { path: "latin" })).content).toMatch(/Not valid UTF-8/);
    expect((await call("read", { path: "crlf" })).content).toBe("     1\ta\n     2\tb\n[Lines end in CRLF; edit keeps that.]");
    expect((await call("read", { path: "a.txt", offset: 9 })).isError).toBe(true);
    expect((await call("read", { path: "none" })).content).toMatch(/There is nothing at none/);
    expect((await call("read", { path: "." })).content).toMatch(/is a directory/);
  });

  test("write makes directories, keeps modes, and does not overwrite what was not read", async () => {
    const { directory, call } = await open("weak", { run: { executable: "#!/bin/sh\n" } });
    expect((await call("write", { path: "a/b/c.txt", content: "new" })).content).toBe("Created a/b/c.txt (3 bytes).");
    expect((await call("write", { path: "run", content: "" })).content).toMatch(/Read it before you replace it/);
    await call("read", { path: "run" });
    expect((await call("write", { path: "run", content: "echo\n" })).isError).toBe(false);
    expect(inShell(directory, "test -x run && cat run a/b/c.txt")).toBe("echo\nnew");
    expect((await call("write", { path: "run/x", content: "" })).content).toMatch(/is a file, not a directory/);
    expect((await call("write", { path: "half", content: "\ud800" })).isError).toBe(true);
  });

  test("glob and grep see tracked and new files, not ignored ones", async () => {
    const { directory, call } = await open("weak", { ".gitignore": "out/\n", "src/a.ts": "const needle = 1;\n", "src/deep/b.ts": "needle\nhay\n", "c.md": "hay\n", "gone.ts": "" });
    put(directory, "out/x.ts", "needle");
    put(directory, "src/new.ts", "Needle\n");
    inShell(directory, "rm gone.ts");
    expect((await call("glob", { pattern: "*.ts" })).content).toBe("src/a.ts\nsrc/deep/b.ts\nsrc/new.ts");
    expect((await call("glob", { pattern: "*.ts", path: "src/deep" })).content).toBe("src/deep/b.ts");
    expect((await call("glob", { pattern: "src/*.ts" })).content).toBe("src/a.ts\nsrc/new.ts");
    expect((await call("grep", { pattern: "need.e" })).content).toBe("src/a.ts:1:const needle = 1;\nsrc/deep/b.ts:1:needle");
    expect((await call("grep", { pattern: "NEEDLE", ignore_case: true, files_only: true })).content).toBe("src/a.ts\nsrc/deep/b.ts\nsrc/new.ts");
    expect((await call("grep", { pattern: "hay", glob: "*.ts", context: 1 })).content).toBe("src/deep/b.ts-1-needle\nsrc/deep/b.ts:2:hay");
    expect((await call("grep", { pattern: "hay", limit: 1 })).content).toMatch(/^c.md:1:hay\n\[1 more lines/);
    expect(await call("grep", { pattern: "(" })).toMatchObject({ isError: true });
    expect((await call("grep", { pattern: "(?=n)needle" })).content).toMatch(/look-ahead and look-behind, is not supported$/);
    expect((await call("grep", { pattern: "nothing like it" })).content).toMatch(/^No match for nothing like it in the workspace\./);
    expect((await call("grep", { pattern: "--files" })).content).toMatch(/^No match/);
  });

  test("grep and glob do the same work without ripgrep, and glob without git", async () => {
    const { directory } = repository({ ".gitignore": "out/\n", "src/a.ts": "needle\n", "b.md": "needle\n" });
    put(directory, "out/x.ts", "needle");
    const bin = temporaryDirectory();
    inShell(bin, "ln -s $(command -v git) git");
    const sandbox = await sandboxOn(directory, "bubblewrap", { path: bin, readOnlyPaths: [bin] });
    for (const pattern of ["needle", "\\bneed\\we\\b", "^[^\\d\\s]{6}$"]) expect((await sandbox.call("grep", { pattern })).content).toBe("b.md:1:needle\nsrc/a.ts:1:needle");
    expect((await sandbox.call("grep", { pattern: "(" })).isError).toBe(true);
    expect((await sandbox.call("grep", { pattern: "needle", glob: "*.ts" })).content).toBe("src/a.ts:1:needle");
    const bare = join(temporaryDirectory(), "no-git");
    put(bare, "d/one.txt", "");
    const plain = await sandboxOn(bare, "weak");
    expect((await plain.call("glob", { pattern: "**/*.txt" })).content).toBe("d/one.txt");
  });

  test("bad input of any shape is a result, and the sandbox goes on", async () => {
    const { call } = await open("weak", { a: "a" });
    for (const input of [null, 3, "x", [], {}, { path: 1 }, { path: "" }, { path: "a\0b" }, { path: "x".repeat(10_000) }, { path: "a", offset: 1.5 }]) {
      expect(await call("read", input)).toMatchObject({ isError: true });
    }
    expect((await call("no_such_tool", {})).content).toBe("There is no tool no_such_tool.");
    expect((await call("read", { path: "a" })).isError).toBe(false);
  });

  test("fault 42: output without end is capped at head and tail, with the count of what was left out", async () => {
    const { call } = await open("weak", {});
    const { content } = await call("bash", { command: "seq 1 2000000" });
    expect(content.length).toBeLessThan(67_000);
    expect(content).toMatch(/^1\n2\n/);
    expect(content).toMatch(/\n\[\d+ bytes left out\]\n/);
    expect(content).toMatch(/\n2000000\n\[exit code 0\]$/);
  });

  test("calls side by side each get their own answer", async () => {
    const { call } = await open("weak", Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`f${index}`, `content ${index}`])));
    const results = await Promise.all(Array.from({ length: 20 }, (_, index) => call(index % 5 === 0 ? "bash" : "read", index % 5 === 0 ? { command: `cat f${index}` } : { path: `f${index}` })));
    results.forEach((result, index) => expect(result.content).toContain(`content ${index}`));
  });

  test("fault 58: hard links to other files are not written", async () => {
    const { call, directory } = await open("weak", {});
    const outside = temporaryDirectory();
    put(outside, "target", "precious");
    linkSync(join(outside, "target"), join(directory, "linked"));
    await call("read", { path: "linked" });
    expect((await call("write", { path: "linked", content: "x" })).content).toMatch(/one of 2 hard links/);
    expect(readFileSync(join(outside, "target"), "utf8")).toBe("precious");
  });

  test("the model's tools are served by the sandbox, and their schemas are JSON Schema", async () => {
    const { sandbox } = await open("weak", { "a.txt": "hello\n" });
    const tools = workspaceTools(sandbox);
    expect(tools.map((tool) => [tool.name, tool.readOnly])).toEqual([["read", true], ["write", false], ["edit", false], ["glob", true], ["grep", true], ["bash", false]]);
    const read = tools[0]!;
    expect(await read.run(read.schema.parse({ path: "a.txt" }), { signal: new AbortController().signal, toolUseId: "t" })).toEqual({ content: "     1\thello", isError: false });
  });
});
