/** The part of pino's logger that the relay uses, so that parts can be given any logger and tests a list. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
