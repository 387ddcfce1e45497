import { realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { TerminalError } from "./errors.ts";

/**
 * Where sessions and items are kept when nobody says otherwise.
 * @param dataHome XDG_DATA_HOME; empty or relative it is void (XDG base directory specification)
 */
export const defaultDataDirectory = (dataHome: string | undefined, home: string): string =>
  join(dataHome !== undefined && isAbsolute(dataHome) ? dataHome : join(home, ".local", "share"), "worktrain");

/** Where the kernel shows itself as files; `/dev/shm` is memory that anybody may use. */
const NO_STORAGE = /^\/(?:proc|sys|dev(?!\/shm\/))(?:\/|$)/;

/**
 * The absolute path of a data directory that is there or can be made, looked at before anything is written.
 * @throws TerminalError when a file is in its way, or it is no place for data
 */
export function usableDataDirectory(path: string): string {
  const directory = resolve(path);
  let nearest = directory;
  while (statSync(nearest, { throwIfNoEntry: false }) === undefined && dirname(nearest) !== nearest) nearest = dirname(nearest);
  if (!isDirectory(nearest)) throw new TerminalError(`Data cannot be kept in ${directory}: ${nearest} is no directory.`, "Name a directory, or one that can be made: --data DIR.");
  if (NO_STORAGE.test(`${realpathSync(nearest)}/`)) throw new TerminalError(`Data cannot be kept in ${directory}: the system keeps its own files there.`, "Name a directory of yours: --data DIR.");
  return directory;
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
