/** What the App says to its operator. Fields are ids and names, never bodies, tokens or task text. */
export interface AppLog {
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(error: unknown, message: string, fields: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | null>>;

/** The part of pino that is used. */
interface PinoLike {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** An error's own fields may hold a request with its headers, so only name, message and stack are logged. */
export function createAppLog(pino: PinoLike): AppLog {
  return {
    info: (message, fields) => pino.info(fields, message),
    warn: (message, fields) => pino.warn(fields, message),
    error(error, message, fields) {
      const facts = error instanceof Error ? { error: error.name, reason: error.message, stack: error.stack ?? "" } : { reason: String(error) };
      pino.error({ ...fields, ...facts }, message);
    },
  };
}
