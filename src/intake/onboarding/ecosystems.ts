/**
 * How projects of each kind are tested, and where their packages come from. A new kind is one entry of the list.
 * I8. A command is one of those written here: nothing that a repository's file says becomes part of it.
 */
import { z } from "zod";

/** A repository's files, on GitHub or in a clone. */
export interface RepositoryFiles {
  /** Of files, from the top of the repository, with `/`. */
  readonly paths: readonly string[];
  /** False where not all could be listed. */
  readonly complete: boolean;
  /** The text of a file; null when it is not there or is no text. */
  read(path: string): Promise<string | null>;
}

export interface Tested {
  readonly command: string;
  /** The file that tells of it. */
  readonly from: string;
}

export interface Ecosystem {
  /** Paths, or patterns of paths, of which one shows that a project is of this kind. */
  readonly markers: readonly (string | RegExp)[];
  /** Hosts, as `sandbox.network.allow` takes them. */
  readonly registries: readonly string[];
  test(files: RepositoryFiles): Promise<Tested | null>;
}

const fixed = (command: string, from: string) => ({ paths }: RepositoryFiles): Promise<Tested | null> => Promise.resolve(paths.includes(from) ? { command, from } : null);

const packageSchema = z.object({ scripts: z.record(z.string(), z.unknown()).optional() });

async function scriptOf(files: RepositoryFiles, file: string): Promise<string | null> {
  const text = await files.read(file);
  if (text === null) return null;
  try {
    const script = packageSchema.parse(JSON.parse(text)).scripts?.["test"];
    return typeof script === "string" ? script : null;
  } catch {
    return null; // A file that is not as its tool wants it says nothing of tests.
  }
}

const NODE_LOCKS: readonly (readonly [file: string, command: string])[] = [
  ["pnpm-lock.yaml", "pnpm test"],
  ["yarn.lock", "yarn test"],
  ["bun.lock", "bun run test"],
  ["bun.lockb", "bun run test"],
];

async function node(files: RepositoryFiles): Promise<Tested | null> {
  const script = await scriptOf(files, "package.json");
  // What `npm init` puts there is a test that fails.
  if (script === null || script.trim() === "" || script.includes("no test specified")) return null;
  const lock = NODE_LOCKS.find(([file]) => files.paths.includes(file));
  return { command: lock?.[1] ?? "npm test", from: "package.json" };
}

async function python(files: RepositoryFiles): Promise<Tested | null> {
  const configured = ["pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml"].filter((file) => files.paths.includes(file));
  for (const file of configured) {
    if (file === "pytest.ini" || /\bpytest\b/.test((await files.read(file)) ?? "")) return { command: "python -m pytest", from: file };
  }
  const test = files.paths.find((path) => /(?:^|\/)(?:test_[a-z0-9_]+|[a-z0-9_]+_test)\.py$/.test(path));
  return test === undefined ? null : { command: "python -m pytest", from: test };
}

async function make(files: RepositoryFiles): Promise<Tested | null> {
  return /^test\s*:(?!=)/m.test((await files.read("Makefile")) ?? "") ? { command: "make test", from: "Makefile" } : null;
}

/** The first that knows a command counts: what a project's own tool says goes before a Makefile. */
export const ECOSYSTEMS: readonly Ecosystem[] = [
  { markers: ["package.json"], registries: ["registry.npmjs.org"], test: node },
  { markers: ["Cargo.toml"], registries: ["index.crates.io", "static.crates.io"], test: fixed("cargo test", "Cargo.toml") },
  { markers: ["go.mod"], registries: ["proxy.golang.org", "sum.golang.org"], test: fixed("go test ./...", "go.mod") },
  { markers: ["pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "pytest.ini"], registries: ["pypi.org", "files.pythonhosted.org"], test: python },
  { markers: ["pom.xml"], registries: ["repo.maven.apache.org"], test: fixed("mvn -B test", "pom.xml") },
  { markers: ["gradlew"], registries: ["repo.maven.apache.org", "services.gradle.org", "plugins.gradle.org"], test: fixed("./gradlew test", "gradlew") },
  { markers: ["Gemfile"], registries: ["rubygems.org", "index.rubygems.org"], test: fixed("bundle exec rspec", ".rspec") },
  { markers: ["composer.json"], registries: ["repo.packagist.org"], test: async (files) => ((await scriptOf(files, "composer.json")) === null ? null : { command: "composer test", from: "composer.json" }) },
  { markers: ["mix.exs"], registries: ["repo.hex.pm"], test: fixed("mix test", "mix.exs") },
  { markers: [/^[^/]+\.sln$/, /(?:^|\/)[^/]+\.csproj$/], registries: ["api.nuget.org"], test: ({ paths }) => Promise.resolve(paths.some((path) => /^[^/]+\.(?:sln|csproj)$/.test(path)) ? { command: "dotnet test", from: "the .NET project" } : null) },
  { markers: ["Makefile"], registries: [], test: make },
];
