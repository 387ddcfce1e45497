/** What a repository is made of, as far as its file names and a few files of its tell: for the onboarding pull request and `worktrain init`. */
import { ECOSYSTEMS, type Ecosystem, type RepositoryFiles, type Tested } from "./ecosystems.ts";

export interface Findings {
  /** Those with the most files first; at most three. */
  readonly languages: readonly string[];
  /** The command that tests the project, and the file that says so; null when none is known. */
  readonly test: Tested | null;
  /** Names of CI systems that have a file here. */
  readonly ci: readonly string[];
  /** Files with instructions for agents that WorkTrain reads. */
  readonly rules: readonly string[];
  /** Rule files whose names are not to be shown, since they hold odd characters. */
  readonly rulesUnnamed: number;
  /** Hosts that the project's packages come from. */
  readonly registries: readonly string[];
  readonly complete: boolean;
}

const MOST_LANGUAGES = 3;

const LANGUAGES: Readonly<Record<string, string>> = {
  ts: "TypeScript", tsx: "TypeScript", mts: "TypeScript", js: "JavaScript", jsx: "JavaScript", mjs: "JavaScript", cjs: "JavaScript",
  py: "Python", rs: "Rust", go: "Go", java: "Java", kt: "Kotlin", kts: "Kotlin", rb: "Ruby", php: "PHP", cs: "C#", fs: "F#", swift: "Swift",
  c: "C", h: "C", cc: "C++", cpp: "C++", hpp: "C++", ex: "Elixir", exs: "Elixir", scala: "Scala", dart: "Dart", hs: "Haskell", zig: "Zig",
};
/** What others wrote and somebody copied in counts for no language. */
const FOREIGN = /(?:^|\/)(?:node_modules|vendor|third_party|dist|build)\//;

const CI: readonly { readonly name: string; readonly file: RegExp }[] = [
  { name: "GitHub Actions", file: /^\.github\/workflows\/(?!worktrain\.ya?ml$)[^/]+\.ya?ml$/ },
  { name: "GitLab CI", file: /^\.gitlab-ci\.yml$/ },
  { name: "CircleCI", file: /^\.circleci\/config\.yml$/ },
  { name: "Buildkite", file: /^\.buildkite\// },
  { name: "Azure Pipelines", file: /^azure-pipelines.*\.ya?ml$/ },
  { name: "Travis CI", file: /^\.travis\.yml$/ },
  { name: "Jenkins", file: /^Jenkinsfile/ },
];

const RULES = /(?:^|\/)(?:AGENTS|CLAUDE)\.md$|^\.worktrain\/rules\/.+\.md$/;
/** A path that says nothing to Markdown, a mention or a shell (I8). */
const PLAIN_PATH = /^[A-Za-z0-9._][A-Za-z0-9._/-]{0,150}$/;

export async function findings(files: RepositoryFiles): Promise<Findings> {
  const there = new Set(files.paths);
  const used = ECOSYSTEMS.filter(({ markers }) => markers.some((marker) => (typeof marker === "string" ? there.has(marker) : files.paths.some((path) => marker.test(path)))));
  const rules = files.paths.filter((path) => RULES.test(path));
  return {
    languages: languagesOf(files.paths),
    test: await testOf(used, files),
    ci: CI.filter(({ file }) => files.paths.some((path) => file.test(path))).map(({ name }) => name),
    rules: rules.filter((path) => PLAIN_PATH.test(path)),
    rulesUnnamed: rules.filter((path) => !PLAIN_PATH.test(path)).length,
    registries: [...new Set(used.flatMap(({ registries }) => registries))],
    complete: files.complete,
  };
}

async function testOf(ecosystems: readonly Ecosystem[], files: RepositoryFiles): Promise<Tested | null> {
  for (const { test } of ecosystems) {
    const tested = await test(files);
    if (tested !== null) return tested;
  }
  return null;
}

function languagesOf(paths: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const language = FOREIGN.test(path) ? undefined : LANGUAGES[path.slice(path.lastIndexOf(".") + 1)];
    if (language !== undefined) counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a).slice(0, MOST_LANGUAGES).map(([language]) => language);
}
