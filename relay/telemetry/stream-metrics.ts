/**
 * What Prometheus sees of streams: how many are open and why others ended, who lags behind, and how long a change took
 * from the upstream to the last client. Summed over processes, since every one has streams of its own.
 */
import { Counter, Gauge, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import type { StreamObserver } from '../serve/observer.ts'
import type { StreamEnd, StreamKind } from '../serve/stream/channel.ts'

/** Upper bounds in seconds. Paced notices take seconds by intention, everything else should not. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export class StreamMetrics implements StreamObserver {
  readonly #open: Gauge<'environment' | 'kind'>
  readonly #opened: Counter<'environment' | 'kind'>
  readonly #closed: Counter<'environment' | 'kind' | 'reason'>
  readonly #refused: Counter<'environment' | 'kind'>
  readonly #propagation: Histogram<'environment' | 'kind'>
  readonly #behind: (() => number)[] = []

  constructor(registry: Registry) {
    const registers = [registry]
    this.#open = new Gauge({
      name: 'halyard_streams_open',
      help: 'Streams that are open.',
      labelNames: ['environment', 'kind'],
      registers,
    })
    this.#opened = new Counter({
      name: 'halyard_streams_opened_total',
      help: 'Streams that were opened.',
      labelNames: ['environment', 'kind'],
      registers,
    })
    this.#closed = new Counter({
      name: 'halyard_streams_closed_total',
      help: 'Streams that ended, by why: the client left or did not read, age, its key, the end of the relay, a defect.',
      labelNames: ['environment', 'kind', 'reason'],
      registers,
    })
    this.#refused = new Counter({
      name: 'halyard_streams_refused_total',
      help: 'Streams refused because their key has as many as it may have.',
      labelNames: ['environment', 'kind'],
      registers,
    })
    this.#propagation = new Histogram({
      name: 'halyard_propagation_seconds',
      help: 'From the delivery of a document by the upstream to the last client that keeps up.',
      labelNames: ['environment', 'kind'],
      buckets: BOUNDS,
      registers,
    })
    const behind = this.#behind
    // Registers itself; nothing else refers to it.
    void new Gauge({
      name: 'halyard_streams_behind',
      help: 'Streams whose client has to take something before it can be told the newest.',
      registers,
      collect() {
        this.set(behind.reduce((sum, read) => sum + read(), 0))
      },
    })
  }

  streamOpened(environment: string, kind: StreamKind): void {
    this.#opened.inc({ environment, kind })
    this.#open.inc({ environment, kind })
  }

  streamClosed(environment: string, kind: StreamKind, reason: StreamEnd): void {
    this.#closed.inc({ environment, kind, reason })
    this.#open.dec({ environment, kind })
  }

  streamRefused(environment: string, kind: StreamKind): void {
    this.#refused.inc({ environment, kind })
  }

  propagated(environment: string, kind: StreamKind, seconds: number): void {
    this.#propagation.observe({ environment, kind }, seconds)
  }

  streamsBehind(read: () => number): void {
    this.#behind.push(read)
  }
}
