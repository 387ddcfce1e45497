/**
 * Octokit reads each answer with a function called for every value of it, so that whole numbers beyond 2^53 become BigInts: a twentieth
 * of all that a simulated work item costs. A text without 16 digits in a row holds no such number, and is read as JSON is.
 */
import { registerHooks } from "node:module";

const BEGINNING = "const JSONParse = (text, reviver) => {";

/** From now on, for what is not loaded yet. A module with another beginning stays as it is, which costs time only. */
export function quickenJson(): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith("/json-with-bigint.js") || loaded.source === undefined || loaded.source === null) return loaded;
      const source = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
      return { ...loaded, source: source.replace(BEGINNING, `${BEGINNING} if (reviver === undefined && !/[0-9]{16}/.test(text)) return originalParse(text);`) };
    },
  });
}
