/**
 * What every door provides: it accepts connections, turns bytes into requests and replies into bytes, and can be
 * emptied without dropping what is under way.
 */

export interface Address {
  readonly host: string
  readonly port: number
}

export interface Door {
  /** Resolves when connections are accepted; rejects when the address cannot be had. */
  listen(): Promise<Address>
  /**
   * From now on every answer tells its client to open no further request on this connection; whoever keeps streams of its
   * own ends them within the window. Idempotent.
   */
  retire(windowMs: number): void
  /** Accepts no more, lets what is under way finish for `graceMs`, then cuts the rest. Idempotent. */
  close(graceMs: number): Promise<void>
}
