/**
 * How answers that stay open behave, as plain data with defaults. The configuration fills it in; a stream without these
 * bounds would be held open for ever by a client that has long stopped reading.
 */

export interface StreamSettings {
  /** A comment is sent on every stream about this often, ms, so that both ends notice a dead connection. */
  readonly heartbeatMs: number
  /**
   * A stream is ended at a random moment between half and all of this age, ms, which evens out load among replicas. Not
   * those of change notices.
   */
  readonly maxAgeMs: number
  /** A client that takes nothing of what is pending for this long is cut, ms. */
  readonly slowAfterMs: number
  /** Most bytes handed to a connection before its client has taken what came before; never less than one small event. */
  readonly pendingBytes: number
  /** OFREP change notices are spread over this window, ms, so that not all clients refetch at one instant. */
  readonly paceMs: number
  /** How long clients are asked to wait before they connect again: drawn for each connection between these, ms. */
  readonly retryMs: readonly [least: number, most: number]
  /** Largest evaluation context of a stream, in bytes of JSON: it is kept as long as the stream. */
  readonly contextBytes: number
  /** Most streams of one key, or of one environment without keys. */
  readonly perKey: number
  /** How long a client that has seen a newer document elsewhere waits for it to arrive here, ms. */
  readonly catchUpMs: number
  /** Documents kept so that clients can resume, in bytes of their JSON. The newest is always kept. */
  readonly historyBytes: number
  /** Who is told of change notices in bulk answers: browsers, everybody, or nobody. */
  readonly eventStreams: 'auto' | 'always' | 'never'
}

export const defaultStreams: StreamSettings = {
  heartbeatMs: 20_000,
  maxAgeMs: 3_600_000,
  slowAfterMs: 30_000,
  pendingBytes: 65_536,
  paceMs: 2_000,
  retryMs: [2_000, 10_000],
  contextBytes: 16_384,
  perKey: 20_000,
  catchUpMs: 500,
  historyBytes: 4_194_304,
  eventStreams: 'auto',
}
