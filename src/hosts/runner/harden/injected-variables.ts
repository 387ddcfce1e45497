/**
 * Variables by which an earlier step could act inside ours, or on what it talks to. A step leaves them through `GITHUB_ENV`, and
 * from the environment alone nobody can tell who set one: so whoever needs one of them sets it away for our steps.
 */
interface Suspect {
  readonly names: RegExp;
  readonly reason: string;
}

const SUSPECTS: readonly Suspect[] = [
  { names: /^LD_|^GLIBC_TUNABLES$|^GCONV_PATH$/, reason: "the loader takes code from it into every program" },
  { names: /^NODE_(?!(?:ENV|VERSION|AUTH_TOKEN)$)/, reason: "Node takes code, certificates or proxies from it" },
  { names: /^(?:SSL_CERT_FILE|SSL_CERT_DIR|SSLKEYLOGFILE|OPENSSL_)/, reason: "it decides which servers TLS trusts, or gives its keys away" },
  { names: /^(?:BASH_ENV|ENV|SHELLOPTS|BASHOPTS|PS4|BASH_FUNC_.*)$/, reason: "a shell executes it when it starts" },
  { names: /^GIT_/, reason: "git takes programs, configuration or another repository from it" },
  { names: /^(?:PYTHON(?:STARTUP|PATH|HOME)|PERL5(?:OPT|LIB|DB)|RUBY(?:OPT|LIB)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS)$/, reason: "an interpreter takes code from it" },
  { names: /_PROXY$/i, reason: "it sends what is said to GitHub and the model through somebody else" },
  { names: /^ANTHROPIC_/, reason: "it decides where the model's key is sent" },
];

export interface Injected {
  readonly name: string;
  readonly reason: string;
}

/**
 * The variables of this environment that must not be there; an empty one is not set.
 * @param declared values that the workflow file itself gives, which a variable may repeat
 */
export function injectedVariables(environment: Readonly<Record<string, string | undefined>>, declared: Readonly<Record<string, string>> = {}): readonly Injected[] {
  return Object.keys(environment)
    .filter((name) => (environment[name] ?? "") !== "" && environment[name] !== declared[name])
    .sort()
    .flatMap((name) => {
      const suspect = SUSPECTS.find(({ names }) => names.test(name));
      return suspect === undefined ? [] : [{ name, reason: suspect.reason }];
    });
}
