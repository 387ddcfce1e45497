// The MCP server's bundle (`npm run build`): a client waits for its first answer, so nothing is stripped or installed on the way.
// Node 24 or later. `getBuiltinModule` and not `import`, which would load every lazy part of the module.
const { createRequire, enableCompileCache } = process.getBuiltinModule("node:module");
const { setFlagsFromString } = process.getBuiltinModule("node:v8");
const { fileURLToPath } = process.getBuiltinModule("node:url");

// Compiled code of an earlier start. It lies with the package, so that only who can change the code can change it; where that
// is not writable there is none.
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/worktrain", import.meta.url)));
const { main } = createRequire(import.meta.url)("../dist/mcp/main.cjs");

// A step leaves little that lives on, but V8 lets the space for new values grow by what is dead: to a hundred megabytes over a long
// session. Once the first answers are out it keeps its size; before, that would make the start a fifth slower.
setTimeout(() => setFlagsFromString("--semi-space-growth-factor=1"), 1000).unref();

process.exitCode = await main(process.argv.slice(2));
