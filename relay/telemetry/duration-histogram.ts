/**
 * Request durations by route, method and status, as a Prometheus histogram. The library's own histogram hashes a label
 * object for each observation, which costs more than a whole evaluation; here an observation is two look-ups and three
 * additions, and the labels are put together when somebody scrapes.
 */
import { Histogram } from 'prom-client'
import type { Registry } from 'prom-client'

type Label = 'http_route' | 'http_request_method' | 'http_response_status_code'

interface Line {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

interface Exported {
  readonly name: string
  readonly help: string
  readonly type: 'histogram'
  readonly aggregator: 'sum'
  readonly values: Line[]
}

const NAME = 'http_server_request_duration_seconds'
const HELP = 'Time from a request head to its answer.'

/** Upper bounds in seconds. */
const BOUNDS: readonly number[] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Methods with a name of their own; a stranger may invent any number of others. */
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT']
const OTHER = 'other'

interface Series {
  readonly route: string
  readonly method: string
  readonly status: number
  readonly counts: number[]
  sum: number
  total: number
}

export class DurationHistogram extends Histogram<Label> {
  readonly #series = new Map<string, Map<number, Series>>()

  constructor(registry: Registry) {
    super({
      name: NAME,
      help: HELP,
      labelNames: ['http_route', 'http_request_method', 'http_response_status_code'],
      buckets: [...BOUNDS],
      registers: [registry],
    })
  }

  /** `route` must come from a bounded set: it becomes a label as it is. */
  record(route: string, method: string, status: number, seconds: number): void {
    const known = METHODS.indexOf(method)
    const slot = status * 16 + (known < 0 ? METHODS.length : known)
    let ofRoute = this.#series.get(route)
    if (ofRoute === undefined) this.#series.set(route, (ofRoute = new Map<number, Series>()))
    let series = ofRoute.get(slot)
    if (series === undefined) {
      series = { route, method: METHODS[known] ?? OTHER, status, counts: BOUNDS.map(() => 0), sum: 0, total: 0 }
      ofRoute.set(slot, series)
    }
    const bucket = BOUNDS.findIndex((bound) => seconds <= bound)
    if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
    series.sum += seconds
    series.total++
  }

  /** What the library asks of a metric when it writes text. */
  getForPromString(): Promise<Exported> {
    return Promise.resolve(this.#exported())
  }

  /** And when it writes JSON, where it has labels of its own making to spread. */
  override get(): ReturnType<Histogram<Label>['get']> {
    return Promise.resolve(this.#exported() as unknown as Awaited<ReturnType<Histogram<Label>['get']>>)
  }

  #exported(): Exported {
    const values = [...this.#series.values()].flatMap((ofRoute) => [...ofRoute.values()].flatMap(lines))
    return { name: NAME, help: HELP, type: 'histogram', aggregator: 'sum', values }
  }
}

function lines(series: Series): Line[] {
  const labels = {
    http_route: series.route,
    http_request_method: series.method,
    http_response_status_code: String(series.status),
  }
  let below = 0
  const buckets = BOUNDS.map((le, index) => {
    below += series.counts[index] ?? 0
    return { metricName: `${NAME}_bucket`, labels: { le, ...labels }, value: below }
  })
  return [
    ...buckets,
    { metricName: `${NAME}_bucket`, labels: { le: '+Inf', ...labels }, value: series.total },
    { metricName: `${NAME}_sum`, labels, value: series.sum },
    { metricName: `${NAME}_count`, labels, value: series.total },
  ]
}
