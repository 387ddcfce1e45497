#!/usr/bin/env node
// Starts a TypeScript file of this package on the Node it is made for (24, an ordinary dev dependency), from any Node >= 20.
// Installs the dependencies first when they are missing or older than package-lock.json.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// Compiled code of earlier starts. It lies with the packages, so that only who can change the code can change it.
const compiled = join(root, "node_modules", ".cache", "worktrain-node");
const node24 = join(root, "node_modules", ".bin", "node");

function install() {
  const lock = createHash("sha256").update(readFileSync(join(root, "package-lock.json"))).digest("hex");
  const stamp = join(root, "node_modules", ".installed-lock");
  if (existsSync(node24) && existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  process.stderr.write("Installing dependencies ...\n");
  // npm's own path is known under `npm run`; started directly, npm is found on PATH.
  const npm = process.env.npm_execpath;
  // Not `npm ci`: the lockfile holds native packages of the platforms it was made for, and others are resolved at their pins.
  const args = ["install", "--no-save", "--no-fund", "--no-audit", "--loglevel=error"];
  const options = { cwd: root, stdio: ["ignore", 2, 2] };
  const done = npm?.endsWith(".js") ? spawnSync(process.execPath, [npm, ...args], options) : spawnSync("npm", args, options);
  if (done.status !== 0) {
    process.stderr.write("Installing dependencies failed (npm install, see above). Check the connection to the npm registry and try again.\n");
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}

/** Runs `file` with `args` on Node 24 and ends as it ends; signals reach it as they reach this process. */
export function run(file, args) {
  install();
  const child = spawn(realpathSync(node24), [join(root, file), ...args], {
    // Through the channel the child learns when this process is gone without a word (SIGKILL).
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, PATH: `${join(root, "node_modules", ".bin")}:${process.env.PATH}`, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? compiled },
  });
  // A terminal sends SIGINT to both; another sender may send it to this process only.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [file, ...args] = process.argv.slice(2);
  run(file, args);
}
