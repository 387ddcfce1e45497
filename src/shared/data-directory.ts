import { isAbsolute, join } from "node:path";

/**
 * Where sessions and items are kept when nobody says otherwise.
 * @param dataHome XDG_DATA_HOME; empty or relative it is void (XDG base directory specification)
 */
export const defaultDataDirectory = (dataHome: string | undefined, home: string): string =>
  join(dataHome !== undefined && isAbsolute(dataHome) ? dataHome : join(home, ".local", "share"), "worktrain");
