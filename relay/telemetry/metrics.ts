/**
 * The metrics of one process: everything others report to, and the text that Prometheus scrapes. Every label value is
 * from a bounded set; a label that a client can choose would let it grow our memory without end.
 */
import { collectDefaultMetrics, Counter, Registry } from 'prom-client'
import type { MetricObjectWithValues, MetricValue } from 'prom-client'
import type { Environment } from '../environment/environment.ts'
import type { EvaluationCounter, Observer } from '../serve/observer.ts'
import { DurationHistogram } from './duration-histogram.ts'
import { registerEnvironmentGauges } from './environment-gauges.ts'
import { EvaluationCounters } from './evaluation-counter.ts'
import { StreamMetrics } from './stream-metrics.ts'
import type { TrackLoss } from './track-queue.ts'
import { registerReplicationGauges } from './replication-gauges.ts'

export interface MetricsParts {
  /** Asked at each scrape. */
  readonly environments: () => readonly Environment[]
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Memory, event loop and garbage collection of the process. Default true. */
  readonly process?: boolean
  /** Told of defects after they were counted, so that somebody can read what they were. Default: nobody. */
  readonly defect?: (error: unknown) => void
}

/** What became of a document that arrived. */
export type DocumentResult = 'swapped' | 'quarantined' | 'rejected'

export class Metrics implements Observer {
  readonly streams: StreamMetrics
  readonly #registry = new Registry()
  readonly #durations: DurationHistogram
  readonly #evaluations: EvaluationCounters
  readonly #bulk = new Map<string, BulkCounts>()
  readonly #lanes = { served: 0, 'handed-over': 0 }
  readonly #turnedAway: Counter<'reason'>
  readonly #failures: Counter
  readonly #documents: Counter<'environment' | 'result'>
  readonly #upstream: Counter<'environment'>
  readonly #stores: Counter<'environment' | 'store'>
  readonly #limited: Counter<'environment' | 'result'>
  readonly #tracked: Counter<'environment' | 'type' | 'result'>
  readonly #lost: Counter<'environment' | 'reason'>
  readonly #defect: (error: unknown) => void

  constructor({ environments, now, process = true, defect = () => undefined }: MetricsParts) {
    this.#defect = defect
    const registers = [this.#registry]
    if (process) collectDefaultMetrics({ register: this.#registry })
    this.#durations = new DurationHistogram(this.#registry)
    this.#evaluations = new EvaluationCounters(this.#registry)
    this.streams = new StreamMetrics(this.#registry)
    registerEnvironmentGauges(this.#registry, environments, now)
    registerReplicationGauges(this.#registry, environments)
    registerBulkCounter(this.#registry, this.#bulk)
    registerLaneCounter(this.#registry, this.#lanes)
    this.#turnedAway = new Counter({
      name: 'halyard_connections_refused_total',
      help: 'Connections closed at once: there were too many in total, or from one address.',
      labelNames: ['reason'],
      registers,
    })
    this.#failures = new Counter({
      name: 'halyard_handler_failures_total',
      help: 'Requests answered with 500 because of a defect.',
      registers,
    })
    this.#documents = new Counter({
      name: 'halyard_documents_total',
      help: 'Documents that arrived, by what became of them.',
      labelNames: ['environment', 'result'],
      registers,
    })
    this.#upstream = new Counter({
      name: 'halyard_upstream_failures_total',
      help: 'Failed attempts to reach an upstream.',
      labelNames: ['environment'],
      registers,
    })
    this.#stores = new Counter({
      name: 'halyard_store_errors_total',
      help: 'Failed reads and writes of stores.',
      labelNames: ['environment', 'store'],
      registers,
    })
    this.#limited = new Counter({
      name: 'halyard_rate_limited_total',
      help: 'Requests beyond what a key may ask, refused or only warned of.',
      labelNames: ['environment', 'result'],
      registers,
    })
    this.#tracked = new Counter({
      name: 'halyard_track_events_total',
      help: 'Exposures and tracking events from clients, taken or dropped because the queue was full.',
      labelNames: ['environment', 'type', 'result'],
      registers,
    })
    this.#lost = new Counter({
      name: 'halyard_track_events_lost_total',
      help: 'Events that were taken and could not be handed on.',
      labelNames: ['environment', 'reason'],
      registers,
    })
  }

  answered(route: string, method: string, status: number, seconds: number): void {
    this.#durations.record(route, method, status, seconds)
  }

  bulk(environment: string, notModified: boolean): void {
    let counts = this.#bulk.get(environment)
    if (counts === undefined) this.#bulk.set(environment, (counts = { full: 0, notModified: 0 }))
    if (notModified) counts.notModified++
    else counts.full++
  }

  evaluations(environment: string): EvaluationCounter {
    return this.#evaluations.of(environment)
  }

  lane(what: 'served' | 'handed-over'): void {
    this.#lanes[what]++
  }

  turnedAway(why: 'total' | 'address'): void {
    this.#turnedAway.inc({ reason: why })
  }

  limited(environment: string, refused: boolean): void {
    this.#limited.inc({ environment, result: refused ? 'refused' : 'warned' })
  }

  tracked(environment: string, type: 'exposure' | 'track', result: 'accepted' | 'dropped', count: number): void {
    this.#tracked.inc({ environment, type, result }, count)
  }

  trackLost(environment: string, reason: TrackLoss, count: number): void {
    this.#lost.inc({ environment, reason }, count)
  }

  failed(error: unknown): void {
    this.#failures.inc()
    this.#defect(error)
  }

  document(environment: string, result: DocumentResult): void {
    this.#documents.inc({ environment, result })
  }

  upstreamFailed(environment: string): void {
    this.#upstream.inc({ environment })
  }

  storeFailed(environment: string, store: string): void {
    this.#stores.inc({ environment, store })
  }

  /** The media type of `text`. */
  get contentType(): string {
    return this.#registry.contentType
  }

  /** Everything as plain data, to be summed with that of other processes. */
  values(): Promise<MetricObjectWithValues<MetricValue<string>>[]> {
    return this.#registry.getMetricsAsJSON()
  }

  /** Everything in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }
}

interface BulkCounts {
  full: number
  notModified: number
}

/** Read when scraped, as `registerLaneCounter` says. */
function registerBulkCounter(registry: Registry, bulk: ReadonlyMap<string, BulkCounts>): void {
  registry.registerMetric(
    new Counter({
      name: 'halyard_bulk_answers_total',
      help: 'Bulk evaluations answered in full or with 304.',
      labelNames: ['environment', 'result'],
      registers: [],
      collect() {
        this.reset()
        for (const [environment, { full, notModified }] of bulk) {
          this.inc({ environment, result: 'full' }, full)
          this.inc({ environment, result: 'not_modified' }, notModified)
        }
      },
    }),
  )
}

/** Read when scraped: the library hashes labels at each increment, and this one would happen on every request. */
function registerLaneCounter(registry: Registry, lanes: Readonly<Record<'served' | 'handed-over', number>>): void {
  registry.registerMetric(
    new Counter({
      name: 'halyard_express_lane_total',
      help: 'Requests answered by the express lane, and connections it gave to node:http.',
      labelNames: ['event'],
      registers: [],
      collect() {
        this.reset()
        this.inc({ event: 'served' }, lanes.served)
        this.inc({ event: 'handed_over' }, lanes['handed-over'])
      },
    }),
  )
}
