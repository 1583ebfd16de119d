/**
 * One worker: a public door in front of mirrored environments, told everything by the primary. It keeps nothing that is
 * not somewhere else too and repairs nothing: when something is wrong with it, it ends and another takes its place.
 */
import { Compiler } from '../compiler/compiler.ts'
import type { Log } from '../log.ts'
import { absentDoor, Server } from '../serve/server.ts'
import type { EnvironmentSettings } from '../serve/settings.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { TelemetryQueue } from '../telemetry/track-queue.ts'
import type { Timers } from '../upstream/clock.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { Mirror } from './mirror.ts'

export interface WorkerParts {
  readonly log: Log & { level: string }
  readonly timers: Timers
  readonly tell: (message: FromWorker) => void
  /** Ends the process. */
  readonly end: (code: number) => void
}

export class WorkerProcess {
  readonly #parts: WorkerParts
  readonly #compiler: Compiler
  readonly #metrics: Metrics
  readonly #mirrors = new Map<number, Mirror>()
  #server: Server | undefined
  #port = 0

  constructor(parts: WorkerParts) {
    this.#parts = parts
    this.#compiler = new Compiler(parts.timers)
    this.#metrics = new Metrics({
      // The primary's, who knows the upstreams; here they would be counted once more.
      environments: () => [],
      now: () => parts.timers.now(),
      defect: (error) => parts.log.error({ err: error }, 'a request could not be handled'),
    })
  }

  /** Whatever this throws or rejects with must end the process. */
  async hear(message: ToWorker): Promise<void> {
    const { tell, log, timers } = this.#parts
    switch (message.kind) {
      case 'start':
        log.level = message.log
        this.#port = message.settings.listen.port
        this.#server = new Server({
          settings: { ...message.settings, environments: [], management: { port: 0 } },
          timers,
          observer: this.#metrics,
          metrics: this.#metrics,
          track: this.#track(message.trackBytes),
          doors: { management: absentDoor },
        })
        return
      case 'mirror':
        this.#mirror(message)
        return
      case 'document':
        this.#mirrors.get(message.mirror)?.announce(message)
        return
      case 'piece':
        this.#mirrors.get(message.mirror)?.piece(message.bytes)
        return
      case 'commit':
        this.#mirrors.get(message.mirror)?.commit(message)
        return
      case 'status':
        this.#mirrors.get(message.mirror)?.heard(message.status)
        return
      case 'serve':
        this.#serve(message.environments)
        tell({ kind: 'taken', question: message.question })
        return
      case 'listen':
        await this.#listen()
        return
      case 'metrics':
        tell({ kind: 'metrics', question: message.question, metrics: await this.#metrics.values() })
        return
      case 'log':
        log.level = message.level
        return
      case 'retire':
        this.#server?.retire(message.windowMs)
        return
      case 'close':
        await this.#server?.drain({ windowMs: 0, graceMs: message.graceMs })
        this.#parts.end(0)
        return
      default:
        message satisfies never
    }
  }

  #track(maxBytes: number): TelemetryQueue {
    const lost = this.#metrics.trackLost.bind(this.#metrics)
    return new TelemetryQueue({ sink: undefined, maxBytes, timers: this.#parts.timers, lost })
  }

  #mirror({ mirror, name, dialect, options, status }: Extract<ToWorker, { kind: 'mirror' }>): void {
    const { tell, log, end } = this.#parts
    const made = new Mirror({
      name,
      dialect,
      options,
      status,
      compiler: this.#compiler,
      prepared: (order) => tell({ kind: 'prepared', mirror, ...order }),
      failed: (error) => {
        log.error({ err: error, environment: name }, 'a document that the primary took cannot be compiled here')
        end(1)
      },
      listenerFailed: (error) => log.error({ err: error, environment: name }, 'a listener threw'),
    })
    this.#mirrors.set(mirror, made)
  }

  #serve(environments: Extract<ToWorker, { kind: 'serve' }>['environments']): void {
    const served = environments.flatMap(({ mirror, ...settings }): EnvironmentSettings[] => {
      const environment = this.#mirrors.get(mirror)
      return environment === undefined ? [] : [{ ...settings, environment }]
    })
    this.#server?.reload({ environments: served })
    const kept = new Set(environments.map(({ mirror }) => mirror))
    for (const [number, mirror] of this.#mirrors) {
      if (kept.has(number)) continue
      mirror.stop()
      this.#mirrors.delete(number)
    }
  }

  async #listen(): Promise<void> {
    const { tell, end } = this.#parts
    await Promise.all([...this.#mirrors.values()].map((mirror) => mirror.settled()))
    try {
      const address = (await this.#server?.start())?.public
      if (address !== undefined) tell({ kind: 'listening', ...address })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      tell({ kind: 'refused', code, message: String(error), port: this.#port })
      end(1)
    }
  }
}
