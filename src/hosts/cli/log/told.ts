import type { Attested } from "./verify-log.ts";

type Told = (ok: boolean, right: string, wrong: string) => Attested;
const told = (by: Attested["by"]): Told => (ok, right, wrong) => ({ what: ok ? right : wrong, ok, by });

/** What GitHub shows. */
export const byGitHub = told("GitHub");
/** What comes out when it is computed once more. */
export const madeAgain = told("made again here");
