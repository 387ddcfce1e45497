/**
 * What a changed file says of dependencies. Pure; what it cannot read is told, not passed over.
 * Versions are compared as npm does (semver 2.0): below 1.0.0 the minor number is the one that breaks.
 */
import { z } from "zod";

/** Manifests and lock files of package managers, by name; where the name says nothing more is known of them. */
const OTHER_MANIFESTS =
  /^(?:yarn\.lock|pnpm-lock\.yaml|pnpm-workspace\.yaml|bun\.lockb?|deno\.jsonc?|deno\.lock|bower\.json|\.npmrc|\.yarnrc\.yml|go\.(?:mod|sum|work)|cargo\.(?:toml|lock)|pyproject\.toml|setup\.(?:py|cfg)|poetry\.lock|uv\.lock|pdm\.lock|pipfile(?:\.lock)?|.*requirements.*\.(?:txt|in)|constraints.*\.txt|environment\.ya?ml|gemfile(?:\.lock)?|gems\.(?:rb|locked)|.*\.gemspec|pom\.xml|.*\.gradle(?:\.kts)?|gradle\.(?:lockfile|properties)|libs\.versions\.toml|build\.sbt|composer\.(?:json|lock)|.*\.(?:cs|fs|vb)proj|packages\.(?:config|lock\.json)|directory\.(?:packages|build)\.props|global\.json|mix\.(?:exs|lock)|rebar\.(?:config|lock)|pubspec\.(?:yaml|lock)|package\.(?:swift|resolved)|podfile(?:\.lock)?|cartfile.*|flake\.(?:nix|lock)|\.tool-versions|\.nvmrc|conanfile\..*|vcpkg\.json|module\.bazel(?:\.lock)?|workspace(?:\.bazel)?)$/;
const NPM_LOCKS = new Set(["package-lock.json", "npm-shrinkwrap.json"]);

export interface TextChange {
  readonly path: string;
  /** Null: the file was not there, or is not any more. */
  readonly before: string | null;
  readonly after: string | null;
}

/**
 * Why a person should see this file, as clauses; none where it is no matter of dependencies, or only of smaller upgrades.
 * @param which `merge.humanOnly.dependencies`
 */
export function dependencyConcerns(change: TextChange, which: "any" | "major" | "none"): readonly string[] {
  const name = (change.path.split("/").at(-1) ?? "").toLowerCase();
  const isManifest = name === "package.json" || NPM_LOCKS.has(name);
  if (which === "none" || (!isManifest && !OTHER_MANIFESTS.test(name))) return [];
  const unread = [`it changes ${change.path}, of which it cannot be told whether a dependency takes a major step`];
  if (which === "any") return name === "package.json" && sameDependencies(change) ? scriptConcerns(change) : [`it changes ${change.path}`];
  if (!isManifest || change.before === null || change.after === null) return unread;
  const concerns = name === "package.json" ? manifestConcerns(change) : lockConcerns(change);
  return concerns ?? unread;
}

const namedSchema = z.record(z.string(), z.string());
const SECTIONS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] as const;
/** Parts of package.json that say in other ways what is installed. */
const OTHER_PARTS = ["overrides", "resolutions", "bundleDependencies", "bundledDependencies", "packageManager", "workspaces", "pnpm", "engines"] as const;
const objectSchema = z.record(z.string(), z.unknown());

function parsed(text: string | null): Readonly<Record<string, unknown>> | null {
  try {
    return text === null ? null : (objectSchema.safeParse(JSON.parse(text)).data ?? null);
  } catch {
    return null; // No JSON: nothing is known of it.
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

function sameDependencies({ before, after }: TextChange): boolean {
  const [was, is] = [parsed(before), parsed(after)];
  return was !== null && is !== null && [...SECTIONS, ...OTHER_PARTS].every((part) => same(was[part], is[part]));
}

function manifestConcerns({ path, before, after }: TextChange): readonly string[] | null {
  const [was, is] = [parsed(before), parsed(after)];
  if (was === null || is === null) return null;
  const other = OTHER_PARTS.filter((part) => !same(was[part], is[part])).map((part) => `it changes ${part} in ${path}`);
  const concerns: string[] = [...other, ...scriptConcerns({ path, before, after })];
  for (const section of SECTIONS) {
    const [old, now] = [namedSchema.safeParse(was[section] ?? {}), namedSchema.safeParse(is[section] ?? {})];
    if (!old.success || !now.success) return null;
    for (const [name, version] of Object.entries(now.data)) {
      const earlier = Object.hasOwn(old.data, name) ? old.data[name] : undefined;
      const why = stepOf(name, earlier, version);
      if (why !== null) concerns.push(`${why} in ${path}`);
    }
  }
  return concerns;
}

/** What npm runs by itself at an install or a publication (docs.npmjs.com, scripts). */
const LIFECYCLE = new Set(["preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare", "prepublish", "prepublishOnly", "prepack", "postpack", "dependencies"]);

/** A script that begins to run by itself, and one that means something else now: what tests and builds is named by it. A new name alone runs nothing. */
function scriptConcerns({ path, before, after }: TextChange): readonly string[] {
  const [was, is] = [scriptsOf(before), scriptsOf(after)];
  if (was === null || is === null) return [`it changes the scripts of ${path} in a way that cannot be told`];
  const runsByItself = (name: string): boolean => LIFECYCLE.has(name) || Object.hasOwn(is, name.replace(/^(?:pre|post)/, "")) && /^(?:pre|post)./.test(name);
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return names.filter((name) => (Object.hasOwn(was, name) ? was[name] !== (Object.hasOwn(is, name) ? is[name] : undefined) : runsByItself(name))).map((name) => `it changes the script ${name} of ${path}`);
}

function scriptsOf(text: string | null): Readonly<Record<string, string>> | null {
  const [manifest, scripts] = [parsed(text), namedSchema.safeParse(parsed(text)?.["scripts"] ?? {})];
  return manifest !== null && scripts.success ? scripts.data : null;
}

function stepOf(name: string, before: string | undefined, after: string): string | null {
  if (before === after) return null;
  if (before === undefined) return `it adds the dependency ${name} ${after}`;
  const [was, is] = [breakingPart(before), breakingPart(after)];
  return was !== null && was === is ? null : `it takes ${name} from ${before} to ${after}`;
}

/** `1` of `^1.2.3`, `0.4` of `~0.4.1`; null for anything but one plain version with an optional `^`, `~` or `=`. */
function breakingPart(range: string): string | null {
  const [, major, minor, patch] = /^\s*[\^~=]?\s*v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9})(?:[-+][\w.+-]+)?)?\s*$/.exec(range) ?? [];
  if (major === undefined) return null;
  if (major !== "0") return major;
  return minor === undefined ? null : minor === "0" ? `0.0.${patch ?? "x"}` : `0.${minor}`;
}

const packageSchema = z.looseObject({ version: z.string().optional(), resolved: z.string().optional(), integrity: z.string().optional(), name: z.string().optional(), link: z.boolean().optional(), hasInstallScript: z.boolean().optional() });
const lockSchema = z.looseObject({ lockfileVersion: z.number().min(2), packages: z.record(z.string(), packageSchema) });

/** Where it is fetched from, without the version in it: the same for every version that is published under one name. */
function sourceOf({ resolved, version }: { readonly resolved?: string | undefined; readonly version?: string | undefined }): string | null {
  return resolved === undefined ? null : version === undefined ? resolved : resolved.replace(`-${version}.tgz`, "-VERSION.tgz");
}

function lockConcerns({ path, before, after }: TextChange): readonly string[] | null {
  const [was, is] = [lockSchema.safeParse(parsed(before)), lockSchema.safeParse(parsed(after))];
  if (!was.success || !is.success) return null;
  const concerns: string[] = [];
  for (const [place, entry] of Object.entries(is.data.packages)) {
    // The project itself, which package.json speaks of.
    if (place === "" || same(entry, was.data.packages[place])) continue;
    const earlier = Object.hasOwn(was.data.packages, place) ? was.data.packages[place] : undefined;
    const why = stepOf(place.replace(/^.*node_modules\//, ""), earlier?.version, entry.version ?? "(no version)");
    const name = place.replace(/^.*node_modules\//, "");
    if (why !== null) concerns.push(`${why} in ${path}`);
    else if (earlier !== undefined) concerns.push(...sameNameConcerns(earlier, entry).map((what) => `${what.replace("NAME", name)} in ${path}`));
  }
  return concerns;
}

type Package = z.infer<typeof packageSchema>;

/** What of an entry is not as a smaller upgrade, or none, leaves it. */
function sameNameConcerns(earlier: Package, entry: Package): readonly string[] {
  const isSameVersion = earlier.version === entry.version;
  const hash = entry.integrity === earlier.integrity || (!isSameVersion && entry.integrity !== undefined);
  return [
    ...(sourceOf(entry) === sourceOf(earlier) && same(entry.name, earlier.name) && same(entry.link, earlier.link) ? [] : ["it fetches NAME from elsewhere"]),
    ...(hash ? [] : ["it changes the hash of NAME, not its version,"]),
    ...(entry.hasInstallScript === true && earlier.hasInstallScript !== true ? ["it has NAME run a script when it is installed,"] : []),
  ];
}
