/** The configuration as it holds: every key with its value, and whether somebody set it. */
import { parseDocument, isMap } from "yaml";
import type { Config } from "./schema.ts";

export interface EffectiveKey {
  /** Dotted, as in docs/configuration.md. */
  readonly key: string;
  readonly value: unknown;
  /** The file sets it; otherwise its default holds. */
  readonly set: boolean;
}

/** @param text of the valid file that `config` came from; null where there is none */
export function effectiveKeys(config: Config, text: string | null): readonly EffectiveKey[] {
  const document = text === null ? null : parseDocument(text);
  const rows = (value: unknown, path: readonly string[]): readonly EffectiveKey[] => {
    if (path.length > 0 && !isMapOfKeys(value)) return [{ key: path.join("."), value, set: document !== null && isMap(document.contents) && document.hasIn(path) }];
    return isMapOfKeys(value) ? Object.entries(value).flatMap(([name, member]) => rows(member, [...path, name])) : [];
  };
  return rows(config, []);
}

/** An empty map (`budget.phases`) is a value of its own: it has no key to show. */
const isMapOfKeys = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;

/** `key: value` a line in YAML's words; those that the file sets are marked. */
export const effectiveText = (keys: readonly EffectiveKey[]): string => {
  const width = Math.max(...keys.map(({ key }) => key.length));
  return keys.map(({ key, value, set }) => `${set ? "*" : " "} ${key.padEnd(width)}  ${JSON.stringify(value)}`).join("\n");
};
