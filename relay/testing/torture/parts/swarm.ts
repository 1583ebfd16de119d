/**
 * Thousands of stream clients on raw sockets, as cheap as they come. Each one obeys the protocol (ids, `retry`,
 * `changed` on top of the state before it) and holds what it is told against the oracle: a swarm that only counted bytes
 * would not see a patch that was dropped.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Random } from '../../../serve/testing/random.ts'
import { ENVIRONMENT, WATCHED, readValues } from './documents.ts'
import type { Person } from './documents.ts'

/** A lazy swarm reads when nothing came for so long, ms. */
const QUIET_MS = 150

export interface SwarmOptions {
  readonly random: Random
  /** Ports of the relays, tried in turn; a client that loses one begins with the next. */
  readonly ports: readonly number[]
  /** All begin with the first port. Default: in turn. */
  readonly together?: boolean
  /** Whose clients come back at once, whatever `retry` said. Default: nobody's. */
  readonly impatient?: (client: number) => boolean
  /** Reads what came once nothing more comes: thousands of clients on one thread would else wait for each other. */
  readonly lazy?: boolean
}

export interface SwarmClient {
  readonly index: number
  readonly person: Person
  socket: Socket | undefined
  /** What came and is no whole event yet. */
  rest: string
  /** Whether the head of the answer is still awaited. */
  opening: boolean
  lastId: string | undefined
  retryMs: number
  epoch: number
  version: number
  /** The document its state comes from; 0 before the first event. */
  n: number
  readonly values: Map<string, unknown>
  /** When something last came, on the monotonic clock. */
  at: number
  turn: number
  connects: number
}

export interface SwarmCounts {
  events: number
  /** State that no document has, or a flag that does not fit its document. */
  wrong: number
  /** An event older than one before it, without saying so. */
  regressions: number
  /** Answers other than 200, by status. */
  refused: number
  /** Connections that ended. */
  ended: number
  /** Resumed with less than a whole set. */
  resumed: number
}

export class Swarm {
  readonly counts: SwarmCounts = { events: 0, wrong: 0, regressions: 0, refused: 0, ended: 0, resumed: 0 }
  readonly examples: string[] = []
  readonly clients: SwarmClient[] = []
  readonly #options: SwarmOptions
  readonly #timers = new Set<NodeJS.Timeout>()
  /** Clients with something to read, in lazy swarms. */
  readonly #unread = new Set<SwarmClient>()
  #stopped = false

  constructor(options: SwarmOptions) {
    this.#options = options
  }

  /** Adds clients, so many per second, and resolves when all of them have their first event, or after `most` ms. */
  async grow(count: number, perSecond: number, most: number): Promise<number> {
    const began = performance.now()
    const target = this.clients.length + count
    while (this.clients.length < target) {
      const due = Math.min(target, target - count + Math.ceil(((performance.now() - began + 10) / 1_000) * perSecond))
      while (this.clients.length < due) this.#add()
      await new Promise((resolve) => {
        setTimeout(resolve, 10)
      })
    }
    while (this.clients.some(({ n }) => n === 0)) {
      if (performance.now() - began > most) return Number.NaN
      await new Promise((resolve) => {
        setTimeout(resolve, 20)
      })
    }
    return performance.now() - began
  }

  /** Clients with an open stream. */
  get open(): number {
    return this.clients.filter(({ socket, opening }) => socket !== undefined && !opening).length
  }

  /** Clients whose state is that of document `n`. */
  at(n: number): number {
    return this.clients.filter((client) => client.n === n).length
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) clearTimeout(timer)
    for (const { socket } of this.clients) socket?.destroy()
  }

  #add(): void {
    const index = this.clients.length
    const person: Person = { targetingKey: `swarm-${index}`, plan: index % 2 === 0 ? 'pro' : 'free' }
    const client: SwarmClient = {
      index,
      person,
      socket: undefined,
      rest: '',
      opening: true,
      lastId: undefined,
      retryMs: 1_000,
      epoch: 0,
      version: 0,
      n: 0,
      values: new Map(),
      at: 0,
      turn: this.#options.together === true ? 0 : index,
      connects: 0,
    }
    this.clients.push(client)
    this.#connect(client)
  }

  #connect(client: SwarmClient): void {
    if (this.#stopped) return
    const { ports, random, impatient } = this.#options
    const port = ports[client.turn % ports.length] ?? 0
    client.connects += 1
    client.opening = true
    client.rest = ''
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    client.socket = socket
    socket.setEncoding('utf8')
    const context = Buffer.from(JSON.stringify(client.person)).toString('base64url')
    const resume = client.lastId === undefined ? '' : `Last-Event-ID: ${client.lastId}\r\n`
    socket.once('connect', () =>
      socket.write(
        `GET /v1/stream?context=${context} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n` +
          `X-Halyard-Environment: ${ENVIRONMENT}\r\n${resume}\r\n`,
      ),
    )
    socket.on('data', (text: string) => this.#read(client, text))
    socket.on('error', () => undefined)
    socket.once('close', () => {
      client.socket = undefined
      if (this.#stopped) return
      const wasOpen = !client.opening
      if (wasOpen) this.counts.ended += 1
      // Not all to the same one: the next relay would be the next to fall.
      client.turn += 1 + (client.index % Math.max(1, ports.length - 1))
      // A refused connection is tried elsewhere soon; a lost one when the relay asked to be tried.
      const wait = wasOpen && impatient?.(client.index) !== true ? client.retryMs : 50 + random.below(200)
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.#connect(client)
      }, wait)
      this.#timers.add(timer)
    })
  }

  #read(client: SwarmClient, text: string): void {
    client.rest += text
    client.at = performance.now()
    if (this.#options.lazy === true && !client.opening) {
      if (this.#unread.size === 0) this.#readLater()
      this.#unread.add(client)
    } else this.#blocks(client)
  }

  #readLater(): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      const newest = Math.max(...[...this.#unread].map(({ at }) => at))
      if (performance.now() - newest < QUIET_MS) {
        this.#readLater()
        return
      }
      for (const client of this.#unread) this.#blocks(client)
      this.#unread.clear()
    }, QUIET_MS)
    this.#timers.add(timer)
  }

  #blocks(client: SwarmClient): void {
    if (client.opening) {
      const end = client.rest.indexOf('\r\n\r\n')
      if (end === -1) return
      if (!client.rest.startsWith('HTTP/1.1 200')) {
        this.counts.refused += 1
        this.#tell(`answered ${client.rest.slice(0, end).split('\r\n')[0]}`)
        client.socket?.destroy()
        return
      }
      client.opening = false
      // The express lane sends streams without chunks; whatever came with the head belongs to the stream.
      client.rest = client.rest.slice(end + 4)
    }
    for (let end = client.rest.indexOf('\n\n'); end !== -1; end = client.rest.indexOf('\n\n')) {
      const block = client.rest.slice(0, end)
      client.rest = client.rest.slice(end + 2)
      this.#block(client, block)
    }
  }

  #block(client: SwarmClient, block: string): void {
    let event = 'message'
    let data: string | undefined
    let id: string | undefined
    for (const line of block.split('\n')) {
      if (line.startsWith('event: ')) event = line.slice(7)
      else if (line.startsWith('data: ')) data = line.slice(6)
      else if (line.startsWith('id: ')) id = line.slice(4)
      else if (line.startsWith('retry: ')) client.retryMs = Number(line.slice(7))
    }
    if (data === undefined) return
    this.counts.events += 1
    this.#take(client, event, JSON.parse(data) as Told)
    client.lastId = id
  }

  #take(client: SwarmClient, event: string, told: Told): void {
    const { epoch, version, stale } = told
    const older = epoch < client.epoch || (epoch === client.epoch && version < client.version)
    if (older && stale !== true) {
      this.counts.regressions += 1
      this.#tell(`client ${client.index}: ${event} ${epoch}.${version} after ${client.epoch}.${client.version}`)
    }
    client.epoch = epoch
    client.version = version
    if (event === 'current' || (event === 'changed' && client.connects > 1)) this.counts.resumed += 1
    if (event === 'whole') client.values.clear()
    for (const { key, value } of told.flags ?? []) if (WATCHED.has(key)) client.values.set(key, value)
    for (const key of told.removed ?? []) client.values.delete(key)
    const n = readValues(client.values, client.person)
    if (typeof n === 'string') {
      this.counts.wrong += 1
      this.#tell(`client ${client.index} after ${event} ${epoch}.${version}: ${n}`)
    } else client.n = n
  }

  #tell(example: string): void {
    if (this.examples.length < 8) this.examples.push(example)
  }
}

interface Told {
  readonly epoch: number
  readonly version: number
  readonly stale?: boolean
  readonly flags?: readonly { readonly key: string; readonly value?: unknown }[]
  readonly removed?: readonly string[]
}
