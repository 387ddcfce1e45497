/**
 * Where this project's own programs (bubblewrap, git) are looked for: never on a PATH that a step, a repository or a model could
 * have changed. The system's directories come first, because on GitHub's runners some others can be written without rights.
 */
export const HOST_PATH = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin:/usr/local/sbin";

/** The PATH inside the sandbox when the host names none, in the usual order. */
export const INNER_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
