/** What this package needs of a logger; `Logger` of `@myriad/telemetry` (pino) is one. */
export interface PersistenceLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
