/** A host, or with `*.` the hosts below it, that something may be reached at; a port only where one is named. */
export interface HostPattern {
  /** As it was written. */
  readonly text: string;
  /** Lower case, without `*.`. */
  readonly name: string;
  /** Any name below `name`, which does not match itself. */
  readonly below: boolean;
  readonly port: number | null;
}

const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
/** At least two labels, the last no number: no single word of a local network, no address. */
const PATTERN = new RegExp(`^(\\*\\.)?((?:${LABEL}\\.)+(?:[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?))(?::([0-9]{1,5}))?$`);
const NAME_CHARS = 253; // RFC 1035, 2.3.4
const LAST_PORT = 65_535;

/** Reads `name`, `*.name`, each with or without `:port`; null for anything else: addresses, `*`, `*.com`, URLs. */
export function parseHostPattern(text: string): HostPattern | null {
  const [, star, name = "", digits] = PATTERN.exec(text.toLowerCase()) ?? [];
  const below = star !== undefined;
  if (name === "" || name.length > NAME_CHARS || (below && name.split(".").length < 2)) return null;
  const port = digits === undefined ? null : Number(digits);
  if (port !== null && (port < 1 || port > LAST_PORT)) return null;
  return { text, name, below, port };
}

/** True when the pattern opens the host at that port. @param standardPort what a pattern without a port means */
export function matchesHost(pattern: HostPattern, host: string, ports: { readonly port: number; readonly standardPort: number }): boolean {
  const named = pattern.below ? host.endsWith(`.${pattern.name}`) : host === pattern.name;
  return named && ports.port === (pattern.port ?? ports.standardPort);
}
