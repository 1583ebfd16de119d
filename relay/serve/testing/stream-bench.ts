/**
 * The streams of a relay without sockets: real tenants, hubs and routes on a clock that the test turns, clients whose
 * reading the test decides. What takes half an hour or ten thousand clients is tested here.
 */
import { Buffer } from 'node:buffer'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { Metrics } from '../../telemetry/metrics.ts'
import { documentRoutes } from '../document/routes.ts'
import { eventsRoute } from '../events/route.ts'
import type { HttpReply, HttpRequest } from '../http-message.ts'
import { queryParameter } from '../http-message.ts'
import type { Route } from '../route.ts'
import { defaultLimits } from '../settings.ts'
import type { EnvironmentSettings } from '../settings.ts'
import { Hubs } from '../stream/hubs.ts'
import { evaluatedRoutes } from '../stream/route.ts'
import { defaultStreams } from '../stream/settings.ts'
import type { StreamSettings } from '../stream/settings.ts'
import { Streams } from '../stream/streams.ts'
import { Tenants } from '../tenants.ts'
import { attach, MemoryOutlet } from './outlet.ts'

export interface OpenOptions {
  readonly path: '/v1/stream' | '/ofrep/v1/events' | '/v1/document/stream'
  readonly context?: unknown
  readonly key?: string
  readonly lastEventId?: string
  readonly outlet?: MemoryOutlet
}

export interface BenchOptions {
  readonly environments: readonly EnvironmentSettings[]
  readonly streams?: Partial<StreamSettings>
  readonly seed?: number
  /** Default: a clock of its own. */
  readonly timers?: FakeTimers
}

export class StreamBench {
  readonly timers: FakeTimers
  readonly metrics: Metrics
  readonly tenants: Tenants
  readonly streams: Streams
  readonly hubs: Hubs
  readonly #routes: readonly Route[]

  constructor({ environments, streams = {}, seed = 1, timers = new FakeTimers({ seed }) }: BenchOptions) {
    this.timers = timers
    this.metrics = new Metrics({ environments: () => [], now: () => this.timers.now(), process: false })
    this.tenants = new Tenants(environments, this.timers)
    const observer = this.metrics
    this.streams = new Streams({ settings: { ...defaultStreams, ...streams }, timers: this.timers, observer })
    this.hubs = new Hubs(this.tenants, this.streams)
    const { hubs } = this
    this.#routes = [
      ...evaluatedRoutes({ limits: defaultLimits, hubs, streams: this.streams, observer }),
      ...documentRoutes(hubs, this.streams),
      eventsRoute(hubs, this.streams),
    ]
  }

  reload(environments: readonly EnvironmentSettings[]): void {
    this.tenants.replace(environments)
    this.hubs.reconcile()
  }

  /** The reply to a request, before anybody has opened its stream. */
  async ask(options: OpenOptions): Promise<HttpReply> {
    const { path, context, key, lastEventId } = options
    const method = path === '/v1/stream' ? 'POST' : 'GET'
    const route = this.#routes.find((one) => one.template === path && one.method === method)
    if (route === undefined) throw new Error(`no route ${path}`)
    const headers = new Map<string, string>()
    if (key !== undefined) headers.set('x-api-key', key)
    if (lastEventId !== undefined) headers.set('last-event-id', lastEventId)
    const request: HttpRequest = {
      method,
      path,
      query: '',
      header: (name) => headers.get(name),
      body: Buffer.from(JSON.stringify({ context: context ?? {} })),
      secure: false,
      local: true,
      fault: undefined,
      arrivedAt: this.timers.monotonic(),
    }
    const admission = this.tenants.admit(request, undefined, queryParameter(request.query, 'token') !== undefined)
    if ('refused' in admission) throw new Error(admission.refused.errorDetails)
    return route.handle({ request, rest: '', caller: admission.caller })
  }

  async open(options: OpenOptions): Promise<MemoryOutlet> {
    return attach(await this.ask(options), options.outlet)
  }

  /** The value of a metric's series; 0 when there is none. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const metric = (await this.metrics.values()).find((one) => one.name === name)
    const found = metric?.values.filter((value) =>
      Object.entries(labels).every(([label, wanted]) => value.labels[label] === wanted),
    )
    return (found ?? []).reduce((sum, { value }) => sum + value, 0)
  }
}
