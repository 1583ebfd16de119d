/**
 * The primary's public door: it accepts no connection itself but keeps workers that do, all with the same documents. A
 * document is served when every worker has compiled it, so that a client whose connections end at different workers does
 * not see the old one after the new one.
 */
import { createServer } from 'node:net'
import type { Snapshot } from '../environment/snapshot.ts'
import type { EnvironmentStatus } from '../environment/status.ts'
import type { Log } from '../log.ts'
import type { Address, Door } from '../serve/door/door.ts'
import type { Timers, TimerHandle } from '../upstream/clock.ts'
import { Fleet } from './fleet.ts'
import { compareOrders, PIECE_BYTES } from './messages.ts'
import type { FromWorker, MirrorSettings, Order, ServedMetrics, ToWorker } from './messages.ts'
import { Questions } from './questions.ts'

export interface PoolParts {
  readonly count: number
  readonly settings: Extract<ToWorker, { kind: 'start' }>['settings']
  readonly logLevel: string
  /** Bytes of tracking events that one worker may hold. */
  readonly trackBytes: number
  readonly log: Log
  readonly timers: Timers
}

/** An environment as the pool has to know it. */
export interface Mirrored {
  readonly name: string
  readonly dialect: string
  readonly options: Readonly<Record<string, unknown>>
  readonly status: () => EnvironmentStatus
}

interface Entry {
  readonly mirrored: Mirrored
  /** What workers serve. */
  committed: Snapshot | undefined
  /** What they compile, and who is not ready. */
  pending: { readonly snapshot: Snapshot; readonly waiting: Set<number>; readonly done: () => void } | undefined
  told: string
}

/** How long workers that are ready wait for one that is not, ms. */
const BARRIER_MS = 30_000
const STATUS_MS = 1_000
const METRICS_MS = 1_000
const TAKEN_MS = 5_000
/** What a worker gets beyond the grace to end by itself, ms. */
const END_MS = 2_000

export class Pool implements Door {
  readonly #parts: PoolParts
  readonly #fleet: Fleet
  readonly #questions: Questions
  readonly #entries = new Map<number, Entry>()
  /** Workers that were given everything. */
  readonly #joined = new Set<number>()
  readonly #listening = new Set<number>()
  #served: readonly MirrorSettings[] = []
  #logLevel: string
  #port = 0
  #starting: { readonly resolve: (address: Address) => void; readonly reject: (error: Error) => void } | undefined
  #mirrors = 0
  /** The window over which workers end their streams, once they do. */
  #retired: number | undefined
  #ticking: TimerHandle | undefined

  constructor(parts: PoolParts) {
    this.#parts = parts
    this.#logLevel = parts.logLevel
    this.#questions = new Questions(parts.timers)
    const { count, log, timers } = parts
    this.#fleet = new Fleet({
      count,
      log,
      timers,
      heard: (number, message) => this.#heard(number, message),
      ended: (number) => this.#ended(number),
    })
  }

  /** Workers that accept connections. */
  get serving(): number {
    return this.#listening.size
  }

  get living(): ReadonlySet<number> {
    return this.#fleet.living
  }

  /** Resolves when every worker accepts connections; rejects when one may not listen or none can be started. */
  async listen(): Promise<Address> {
    const { host, port } = this.#parts.settings.listen
    // Left to the system, the port would change when the last worker that held it is replaced.
    this.#port = port === 0 ? await freePort(host) : port
    this.#tick()
    try {
      return await new Promise<Address>((resolve, reject) => {
        this.#starting = { resolve, reject }
        this.#fleet.start()
      })
    } catch (error) {
      await this.close(0)
      throw error
    }
  }

  retire(windowMs: number): void {
    this.#retired ??= windowMs
    this.#tellAll({ kind: 'retire', windowMs })
  }

  async close(graceMs: number): Promise<void> {
    this.#parts.timers.clearTimeout(this.#ticking)
    const closed = this.#fleet.close(graceMs + END_MS)
    for (const number of this.#fleet.living) this.#fleet.tell(number, { kind: 'close', graceMs })
    await closed
    for (const { pending } of this.#entries.values()) pending?.done()
  }

  /** The number by which workers know the environment from now on. */
  add(mirrored: Mirrored): number {
    const number = ++this.#mirrors
    const entry = { mirrored, committed: undefined, pending: undefined, told: '' }
    this.#entries.set(number, entry)
    for (const worker of this.#joined) this.#introduce(worker, number, entry)
    return number
  }

  /** No worker need hear of it any more; those that serve it forget it with the next `serve`. */
  remove(number: number): void {
    this.#entries.get(number)?.pending?.done()
    this.#entries.delete(number)
  }

  /** Resolves when all workers serve it, or were told to. Not to be called again for the environment before that. */
  publish(number: number, snapshot: Snapshot): Promise<void> {
    const entry = this.#entries.get(number)
    if (entry === undefined) return Promise.resolve()
    return new Promise((resolve) => {
      const { log, timers } = this.#parts
      const timer = timers.setTimeout(() => {
        const { name } = entry.mirrored
        log.warn({ environment: name, waiting: entry.pending?.waiting.size }, 'a worker is late with a document')
        done()
      }, BARRIER_MS)
      const done = (): void => {
        timers.clearTimeout(timer)
        if (entry.pending?.done !== done) return
        entry.pending = undefined
        entry.committed = snapshot
        const { epoch, version } = snapshot
        this.#tellStatus(number, entry)
        this.#tellAll({ kind: 'commit', mirror: number, epoch, version })
        resolve()
      }
      entry.pending = { snapshot, waiting: new Set(this.#joined), done }
      for (const worker of this.#joined) this.#send(worker, number, snapshot)
      if (this.#joined.size === 0) done()
    })
  }

  /** Resolves when all workers serve exactly these environments. */
  async serve(environments: readonly MirrorSettings[]): Promise<void> {
    this.#served = environments
    await this.#ask((question) => ({ kind: 'serve', environments, question }), TAKEN_MS)
  }

  setLogLevel(level: string): void {
    this.#logLevel = level
    this.#tellAll({ kind: 'log', level })
  }

  /** By worker; those that do not answer within a second are missing. */
  async metrics(): Promise<ReadonlyMap<number, ServedMetrics>> {
    const answers = await this.#ask((question) => ({ kind: 'metrics', question }), METRICS_MS)
    return new Map(
      [...answers].flatMap(([number, answer]) => (answer.kind === 'metrics' ? [[number, answer.metrics]] : [])),
    )
  }

  #ask(message: (question: number) => ToWorker, ms: number): Promise<ReadonlyMap<number, FromWorker>> {
    const { question, answers } = this.#questions.put(this.#joined, ms)
    this.#tellAll(message(question))
    return answers
  }

  #heard(number: number, message: FromWorker): void {
    switch (message.kind) {
      case 'hello':
        this.#join(number)
        return
      case 'prepared':
        this.#prepared(number, message.mirror, message)
        return
      case 'taken':
      case 'metrics':
        this.#questions.answered(message.question, number, message)
        return
      case 'listening':
        this.#listening.add(number)
        if (this.#listening.size === this.#parts.count)
          this.#starting?.resolve({ host: message.host, port: message.port })
        return
      case 'refused': {
        const { code, port } = message
        this.#parts.log.error({ reason: message.message }, 'a worker cannot listen')
        this.#starting?.reject(
          Object.assign(new Error(message.message), { port, ...(code === undefined ? {} : { code }) }),
        )
        return
      }
      default:
        message satisfies never
    }
  }

  /** Gives a new worker everything the others have, and then lets it listen. */
  #join(worker: number): void {
    const { settings, trackBytes } = this.#parts
    const listen = { ...settings.listen, port: this.#port }
    this.#fleet.tell(worker, { kind: 'start', settings: { ...settings, listen }, log: this.#logLevel, trackBytes })
    this.#joined.add(worker)
    for (const [number, entry] of this.#entries) this.#introduce(worker, number, entry)
    this.#fleet.tell(worker, { kind: 'serve', environments: this.#served, question: 0 })
    this.#fleet.tell(worker, { kind: 'listen' })
    if (this.#retired !== undefined) this.#fleet.tell(worker, { kind: 'retire', windowMs: this.#retired })
  }

  #introduce(worker: number, number: number, { mirrored, committed, pending }: Entry): void {
    const { name, dialect, options, status } = mirrored
    this.#fleet.tell(worker, { kind: 'mirror', mirror: number, name, dialect, options, status: status() })
    if (committed !== undefined) {
      this.#send(worker, number, committed)
      const { epoch, version } = committed
      this.#fleet.tell(worker, { kind: 'commit', mirror: number, epoch, version })
    }
    if (pending === undefined) return
    pending.waiting.add(worker)
    this.#send(worker, number, pending.snapshot)
  }

  #send(worker: number, mirror: number, snapshot: Snapshot): void {
    const { epoch, version, sha256, receivedAt, loadedFrom, bytes } = snapshot
    const { length } = bytes
    this.#fleet.tell(worker, { kind: 'document', mirror, epoch, version, sha256, receivedAt, loadedFrom, length })
    for (let start = 0; start < length; start += PIECE_BYTES) {
      this.#fleet.tell(worker, { kind: 'piece', mirror, bytes: bytes.subarray(start, start + PIECE_BYTES) })
    }
  }

  #prepared(worker: number, mirror: number, order: Order): void {
    const pending = this.#entries.get(mirror)?.pending
    if (pending === undefined || compareOrders(order, pending.snapshot) < 0) return
    pending.waiting.delete(worker)
    if (pending.waiting.size === 0) pending.done()
  }

  #ended(worker: number): void {
    this.#joined.delete(worker)
    this.#listening.delete(worker)
    this.#questions.left(worker)
    for (const { pending } of this.#entries.values()) {
      if (pending?.waiting.delete(worker) === true && pending.waiting.size === 0) pending.done()
    }
    if (this.#fleet.hopeless) this.#starting?.reject(new Error('workers end as soon as they start'))
  }

  #tellAll(message: ToWorker): void {
    for (const worker of this.#joined) this.#fleet.tell(worker, message)
  }

  #tick(): void {
    for (const [number, entry] of this.#entries) this.#tellStatus(number, entry)
    this.#ticking = this.#parts.timers.setTimeout(() => this.#tick(), STATUS_MS)
  }

  #tellStatus(number: number, entry: Entry): void {
    const status = entry.mirrored.status()
    const text = JSON.stringify(status)
    if (text === entry.told) return
    entry.told = text
    this.#tellAll({ kind: 'status', mirror: number, status })
  }
}

async function freePort(host: string | undefined): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: 0, ...(host === undefined ? {} : { host }) }, resolve)
  })
  const address = server.address()
  await new Promise((resolve) => void server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
