/**
 * The vendor of the suite: an HTTP server that publishes document after document with ETags, and that can fail in every
 * way a vendor can. It counts what it was asked, since an upstream that is stormed is a fault too.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { documentOf } from './documents.ts'

/** `refuse` closes the port; the other words are what happens to a request. */
export type Ailment =
  | 'none'
  | 'refuse'
  | 'hang'
  | 'reset'
  | 'half'
  | 'blank'
  | 'empty'
  | 'garbage'
  | 'shrunk'
  | 401
  | 404
  | 429
  | 500
  | 503

export const AILMENTS: readonly Ailment[] = [
  'refuse',
  'hang',
  'reset',
  'half',
  'blank',
  'empty',
  'garbage',
  'shrunk',
  401,
  404,
  429,
  500,
  503,
]

export class DocumentServer {
  ailment: Ailment = 'none'
  /** The number of the published document. */
  n = 1
  /** When which number was published, on the monotonic clock. */
  readonly published: Map<number, number> = new Map()
  /** When requests came, on the monotonic clock. */
  readonly asked: number[] = []
  /** When a document was first handed out, on the monotonic clock. */
  readonly delivered: Map<number, number> = new Map()
  readonly #filler: number
  readonly #bulky: number
  readonly #server = createServer((request, response) => this.#answer(request, response))
  readonly #sockets = new Set<Socket>()
  #port = 0
  #body: string

  constructor(filler = 0, bulky = 0) {
    this.#filler = filler
    this.#bulky = bulky
    this.#body = documentOf(1, filler, bulky)
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  get port(): number {
    return this.#port
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (this.#server.address() as AddressInfo).port
    this.published.set(this.n, performance.now())
  }

  /** The next document; returns its number. */
  publish(): number {
    this.n += 1
    this.#body = documentOf(this.n, this.#filler, this.#bulky)
    this.published.set(this.n, performance.now())
    return this.n
  }

  /** Falls ill. Connections that are open feel it too. */
  async fall(ailment: Ailment): Promise<void> {
    this.ailment = ailment
    for (const socket of this.#sockets) socket.destroy()
    if (ailment === 'refuse') await this.#close()
  }

  async heal(): Promise<void> {
    const closed = this.ailment === 'refuse'
    this.ailment = 'none'
    for (const socket of this.#sockets) socket.destroy()
    if (closed) await this.start()
  }

  async stop(): Promise<void> {
    if (this.ailment !== 'refuse') await this.#close()
  }

  async #close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      for (const socket of this.#sockets) socket.destroy()
    })
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.asked.push(performance.now())
    request.resume()
    const { ailment } = this
    if (ailment === 'hang') return
    if (ailment === 'reset') {
      request.socket.resetAndDestroy()
      return
    }
    if (typeof ailment === 'number') {
      response.writeHead(ailment, { 'content-type': 'text/plain' }).end('not today')
      return
    }
    const body = ailment === 'none' || ailment === 'half' ? this.#body : WRONG[ailment]
    const etag = `"${ailment}-${this.n}"`
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, { etag }).end()
      return
    }
    if (ailment === 'none' && !this.delivered.has(this.n)) this.delivered.set(this.n, performance.now())
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), etag })
    if (ailment === 'half') response.write(body.slice(0, body.length / 2), () => request.socket.destroy())
    else response.end(body)
  }
}

/** Documents that arrive whole and must not be taken over. */
const WRONG: Record<'blank' | 'empty' | 'garbage' | 'shrunk' | 'refuse', string> = {
  blank: '{"flags":{}}',
  empty: '{}',
  garbage: '<!doctype html><title>Sign in</title>',
  shrunk: '{"flags":{"marker":{"state":"ENABLED","variants":{"v":-1},"defaultVariant":"v"}}}',
  refuse: '',
}
