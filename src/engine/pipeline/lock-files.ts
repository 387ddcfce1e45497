/** Files that a package manager writes by itself when a manifest changes, as data: who declares the manifest has declared them. */

interface LockRule {
  readonly manifest: RegExp;
  /** Of these a project has one. */
  readonly locks: readonly string[];
}

const LOCK_RULES: readonly LockRule[] = [
  { manifest: /^package\.json$/, locks: ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"] },
  { manifest: /^deno\.jsonc?$/, locks: ["deno.lock"] },
  { manifest: /^Cargo\.toml$/, locks: ["Cargo.lock"] },
  { manifest: /^go\.mod$/, locks: ["go.sum"] },
  { manifest: /^go\.work$/, locks: ["go.work.sum"] },
  { manifest: /^pyproject\.toml$/, locks: ["poetry.lock", "uv.lock", "pdm.lock"] },
  { manifest: /^Pipfile$/, locks: ["Pipfile.lock"] },
  { manifest: /^Gemfile$|\.gemspec$/, locks: ["Gemfile.lock"] },
  { manifest: /^composer\.json$/, locks: ["composer.lock"] },
  { manifest: /^mix\.exs$/, locks: ["mix.lock"] },
  { manifest: /^pubspec\.yaml$/, locks: ["pubspec.lock"] },
  { manifest: /^Podfile$/, locks: ["Podfile.lock"] },
  { manifest: /^Package\.swift$/, locks: ["Package.resolved"] },
  { manifest: /\.(?:cs|fs|vb)proj$/, locks: ["packages.lock.json"] },
  { manifest: /^flake\.nix$/, locks: ["flake.lock"] },
  { manifest: /^Chart\.yaml$/, locks: ["Chart.lock"] },
];

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
/** With its slash; empty for the root. */
const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

export const isManifest = (path: string): boolean => LOCK_RULES.some(({ manifest }) => manifest.test(baseName(path)));
export const isLockFile = (path: string): boolean => LOCK_RULES.some(({ locks }) => locks.includes(baseName(path)));

/**
 * Whether a changed path is the lock file of a manifest that was changed and declared, in its directory or below it (a workspace's
 * member). Alone it is nobody's by-product, and of two kinds for one manifest nobody can say which is the project's.
 */
export function goesWithManifest(path: string, changed: readonly string[], declared: (path: string) => boolean): boolean {
  const rule = LOCK_RULES.find(({ locks }) => locks.includes(baseName(path)));
  if (rule === undefined) return false;
  const directory = directoryOf(path);
  const others = changed.some((each) => each !== path && directoryOf(each) === directory && rule.locks.includes(baseName(each)));
  return !others && changed.some((each) => rule.manifest.test(baseName(each)) && each.startsWith(directory) && declared(each));
}
