/**
 * What the serving side tells of itself. The implementation (metrics) lives elsewhere and must neither throw nor take
 * time: it is called for every request.
 */
import type { StreamEnd, StreamKind } from './stream/channel.ts'

export interface EvaluationCounter {
  /** So many evaluations (default 1) ended with this reason. */
  count(reason: string, times?: number): void
}

/** What streams tell. Environments and kinds are bounded sets. */
export interface StreamObserver {
  streamOpened(environment: string, kind: StreamKind): void
  streamClosed(environment: string, kind: StreamKind, end: StreamEnd): void
  /** A key has as many streams as it may have. */
  streamRefused(environment: string, kind: StreamKind): void
  /** The last client that keeps up was told of a document so many seconds after the upstream delivered it. */
  propagated(environment: string, kind: StreamKind, seconds: number): void
  /** How to find out how many streams lag behind. Told once. */
  streamsBehind(read: () => number): void
}

export interface Observer {
  readonly streams: StreamObserver
  /** A request was answered. `route` is a route template or `other`. */
  answered(route: string, method: string, status: number, seconds: number): void
  /** A bulk request was answered in full or with 304. */
  bulk(environment: string, notModified: boolean): void
  /** Where to count the evaluations of an environment. */
  evaluations(environment: string): EvaluationCounter
  /** The express lane answered a request, or gave a connection to node:http. */
  lane(what: 'served' | 'handed-over'): void
  /** A connection was closed at once: there are too many in total, or from its address. */
  turnedAway(why: 'total' | 'address'): void
  /** A key asked more often than it may; `refused` unless only warned of. */
  limited(environment: string, refused: boolean): void
  /** So many tracking events of a kind were taken or dropped. */
  tracked(environment: string, type: 'exposure' | 'track', result: 'accepted' | 'dropped', count: number): void
  /** A handler threw: a defect. The message must not reach clients. */
  failed(error: unknown): void
}
