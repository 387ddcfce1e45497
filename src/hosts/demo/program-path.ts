import type { Processes } from "../../shared/ports.ts";

/** Where programs are looked for when nobody says otherwise. */
export const SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin";

/** The same processes, which look for programs on `path`, whatever `PATH` their caller names. */
export function searching(processes: Processes, path: string): Processes {
  const placed = <T extends { readonly env: Readonly<Record<string, string>> }>(options: T): T => ({ ...options, env: { ...options.env, PATH: path } });
  return {
    run: (program, args, options) => processes.run(program, args, placed(options)),
    start: (program, args, options) => processes.start(program, args, placed(options)),
  };
}
