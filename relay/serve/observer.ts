/**
 * What the serving side tells of itself. The implementation (metrics) lives elsewhere and must neither throw nor take
 * time: it is called for every request.
 */

export interface EvaluationCounter {
  /** So many evaluations (default 1) ended with this reason. */
  count(reason: string, times?: number): void
}

export interface Observer {
  /** A request was answered. `route` is a route template or `other`. */
  answered(route: string, method: string, status: number, seconds: number): void
  /** A bulk request was answered in full or with 304. */
  bulk(environment: string, notModified: boolean): void
  /** Where to count the evaluations of an environment. */
  evaluations(environment: string): EvaluationCounter
  /** The express lane answered a request, or gave a connection to node:http. */
  lane(what: 'served' | 'handed-over'): void
  /** A handler threw: a defect. The message must not reach clients. */
  failed(error: unknown): void
}
