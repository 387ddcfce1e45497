/** Configuration that was read before: a text always comes to the same settings, and most events find it as it was. GitHub is asked for the text each time. */
import { CONFIG_PATH, parseConfig } from "../../config/index.ts";

type Parsed = ReturnType<typeof parseConfig>;

/** Of the texts used last; each has at most 64 K characters, beyond which none is valid. */
const MOST_KEPT = 100;
const kept = new Map<string, Parsed>();

/** As `parseConfig`, of the file in its usual place. */
export function readConfig(text: string): Parsed {
  const parsed = kept.get(text) ?? parseConfig(text, CONFIG_PATH);
  // A long text is a fault that is found without reading it.
  if (text.length > 64 * 1024) return parsed;
  kept.delete(text);
  kept.set(text, parsed);
  const [oldest] = kept.size > MOST_KEPT ? kept.keys() : [];
  if (oldest !== undefined) kept.delete(oldest);
  return parsed;
}

/** The labels that start work by those configurations. */
export const configuredLabels = (): readonly string[] => [...kept.values()].flatMap((parsed) => (parsed.ok ? [parsed.value.label] : []));
