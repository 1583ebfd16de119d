/**
 * A load balancer as real ones are: it asks backends for readiness, keeps connections to them, and tries a request that
 * got no answer once more elsewhere. Without one, "a replica may die" would only mean "clients must cope".
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { MessageReader } from './http-reader.ts'
import type { Message } from './http-reader.ts'

export interface Backend {
  readonly port: number
  readonly managementPort: number
}

export interface BalancerCounts {
  /** Requests that were tried a second time. */
  retried: number
  /** Of these, those that were given up for being slow; the others were refused or cut off. */
  slow: number
  /** Requests that failed the second time too; answered 502. */
  failed: number
}

/** How long a backend may take before the request is tried elsewhere, and how long the second one may, ms. */
const PATIENCE_MS = 400
const LAST_PATIENCE_MS = 5_000
const CHECK_EVERY_MS = 200

interface State extends Backend {
  readonly index: number
  readonly idle: Socket[]
  up: boolean
  /** When it was last seen well, on the monotonic clock. */
  wellAt: number
}

interface Exchange {
  readonly client: Socket
  readonly request: Buffer
  tries: number
  readonly avoid: Set<State>
  done: () => void
}

export class Balancer {
  readonly counts: BalancerCounts = { retried: 0, slow: 0, failed: 0 }
  readonly #backends: readonly State[]
  readonly #server = createServer({ noDelay: true }, (client) => this.#accept(client))
  readonly #sockets = new Set<Socket>()
  #turn = 0
  #checking: NodeJS.Timeout | undefined
  #stopped = false

  constructor(backends: readonly Backend[]) {
    this.#backends = backends.map((each, index) => ({ ...each, index, idle: [], up: true, wellAt: 0 }))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', 2_048, resolve)
    })
    this.#checking = setInterval(() => {
      for (const backend of this.#backends) void this.#check(backend)
    }, CHECK_EVERY_MS)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#checking)
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      for (const socket of this.#sockets) socket.destroy()
    })
  }

  async #check(backend: State): Promise<void> {
    try {
      const response = await fetch(`http://127.0.0.1:${backend.managementPort}/readyz`, {
        signal: AbortSignal.timeout(PATIENCE_MS),
        headers: { connection: 'close' },
      })
      await response.arrayBuffer()
      backend.up = response.status === 200
      if (backend.up) backend.wellAt = performance.now()
    } catch {
      backend.up = false
    }
  }

  #accept(client: Socket): void {
    this.#keep(client)
    const reader = new MessageReader()
    let busy = false
    client.on('data', (piece: Buffer) => {
      const message = busy ? undefined : reader.push(piece)
      if (message === undefined) return
      busy = true
      const done = (): void => void (busy = false)
      this.#try({
        client,
        request: Buffer.concat([message.head, message.body]),
        tries: 0,
        avoid: new Set(),
        done,
      })
    })
  }

  #try(exchange: Exchange): void {
    const backend = this.#choose(exchange.avoid)
    exchange.tries += 1
    const idle = backend.idle.pop()
    const socket = idle ?? connect({ port: backend.port, host: '127.0.0.1', noDelay: true })
    if (idle === undefined) this.#keep(socket)
    const reader = new MessageReader()
    let over = false
    const finish = (): boolean => {
      if (over) return false
      over = true
      clearTimeout(timer)
      socket.removeAllListeners('data')
      socket.removeListener('close', lost)
      return true
    }
    const lost = (): void => {
      if (!finish()) return
      if (!socket.destroyed && exchange.tries < 2) this.counts.slow += 1
      socket.destroy()
      this.#again(exchange, backend)
    }
    const timer = setTimeout(lost, exchange.tries < 2 ? PATIENCE_MS : LAST_PATIENCE_MS)
    socket.once('close', lost)
    socket.on('data', (piece: Buffer) => {
      const message = reader.push(piece)
      if (message === undefined || !finish()) return
      this.#answer(exchange, backend, socket, message)
    })
    socket.write(exchange.request)
  }

  #answer({ client, done }: Exchange, backend: State, socket: Socket, message: Message): void {
    const { head, body, endless, headers } = message
    backend.wellAt = performance.now()
    const mark = Buffer.from(`X-Backend: ${backend.index}\r\n\r\n`)
    client.write(Buffer.concat([head.subarray(0, -2), mark, body]))
    if (endless) {
      socket.pipe(client)
      client.once('close', () => socket.destroy())
      socket.once('close', () => client.destroy())
      return
    }
    if (headers.get('connection')?.toLowerCase() === 'close') {
      socket.destroy()
      client.end()
    } else backend.idle.push(socket)
    done()
  }

  #again(exchange: Exchange, backend: State): void {
    if (exchange.client.destroyed || this.#stopped) return
    exchange.avoid.add(backend)
    backend.up = false
    if (exchange.tries < 2) {
      this.counts.retried += 1
      this.#try(exchange)
      return
    }
    this.counts.failed += 1
    exchange.client.write('HTTP/1.1 502 Bad Gateway\r\nX-Backend: none\r\nContent-Length: 0\r\n\r\n')
    exchange.done()
  }

  /** In turn among those that are up; when none is, the one that was well last. */
  #choose(avoid: ReadonlySet<State>): State {
    this.#turn += 1
    const up = this.#backends.filter((each) => each.up && !avoid.has(each))
    const [latest] = this.#backends.filter((each) => !avoid.has(each)).sort((a, b) => b.wellAt - a.wellAt)
    const chosen = up[this.#turn % up.length] ?? latest ?? this.#backends[0]
    if (chosen === undefined) throw new Error('a balancer needs backends')
    while (chosen.idle.at(-1)?.destroyed === true) chosen.idle.pop()
    return chosen
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => this.#sockets.delete(socket))
  }
}
