/**
 * FeatBit's evaluation server as its server SDKs meet it: the streaming route, which accepts everybody and says in a close
 * code whom it does not want, and the polling route. The vendor's unmodified SDK is run against it too.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { LETTERS } from '../token.ts'

/** A flag or segment. `updatedAt` is ISO-8601. */
export type Item = Readonly<Record<string, unknown>> & { readonly updatedAt: string }

export class MockFeatBit {
  readonly flags: Map<string, Item> = new Map()
  readonly segments: Map<string, Item> = new Map()
  readonly sockets: Set<WebSocket> = new Set()
  /** Every message of every client, in order. */
  readonly heard: string[] = []
  /** Every token that was shown. */
  readonly tokens: string[] = []
  connections = 0
  /** Ends new connections with this code instead. */
  refuse: number | undefined
  /** Says nothing to new requests for data. */
  mute = false
  now: () => number = () => Date.now()
  readonly #secret: string
  readonly #http = createServer((request, response) => this.#poll(request, response))
  readonly #ws = new WebSocketServer({ server: this.#http })

  private constructor(secret: string) {
    this.#secret = secret
    this.#ws.on('connection', (socket, request) => this.#accept(socket, request))
  }

  static async start(secret: string): Promise<MockFeatBit> {
    const mock = new MockFeatBit(secret)
    await new Promise<void>((resolve) => void mock.#http.listen(0, '127.0.0.1', resolve))
    return mock
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  /** Changes a flag and tells everybody, unless it is to be missed. */
  put(flag: Item & { readonly key: string }, told: boolean = true): void {
    this.flags.set(flag.key, flag)
    if (told) this.#tell({ eventType: 'patch', featureFlags: [flag], segments: [] })
  }

  putSegment(segment: Item & { readonly id: string }, told: boolean = true): void {
    this.segments.set(segment.id, segment)
    if (told) this.#tell({ eventType: 'patch', featureFlags: [], segments: [segment] })
  }

  /** To everybody, as it is. */
  say(text: string): void {
    for (const socket of this.sockets) socket.send(text)
  }

  dataSince(timestamp: number): object {
    const newer = (items: ReadonlyMap<string, Item>): Item[] =>
      [...items.values()].filter(({ updatedAt }) => timestamp === 0 || Date.parse(updatedAt) > timestamp)
    const eventType = timestamp === 0 ? 'full' : 'patch'
    return { eventType, featureFlags: newer(this.flags), segments: newer(this.segments) }
  }

  #tell(data: object): void {
    this.say(JSON.stringify({ messageType: 'data-sync', data }))
  }

  #accept(socket: WebSocket, request: IncomingMessage): void {
    this.connections++
    socket.on('error', () => undefined)
    const { pathname, searchParams } = new URL(request.url ?? '', this.url)
    const token = searchParams.get('token') ?? ''
    this.tokens.push(token)
    if (this.refuse !== undefined) return socket.close(this.refuse, 'refused')
    const known = secretOf(token, this.now()) === this.#secret && searchParams.get('type') === 'server'
    if (!known || !/^\/(?:base\/)?streaming$/.test(pathname)) {
      return socket.close(4003, 'invalid request, close by server')
    }
    this.sockets.add(socket)
    socket.once('close', () => this.sockets.delete(socket))
    socket.on('message', (raw: Buffer) => this.#hear(socket, raw.toString('utf8')))
  }

  #hear(socket: WebSocket, text: string): void {
    this.heard.push(text)
    const { messageType, data } = JSON.parse(text) as { messageType: string; data: { timestamp?: number } | null }
    const type = messageType.toLowerCase()
    if (type === 'ping') socket.send('{"messageType":"pong","data":{}}')
    if (type === 'echo') socket.send(text)
    if (type !== 'data-sync' || this.mute) return
    const answer = this.dataSince(Number.isInteger(data?.timestamp) ? (data?.timestamp ?? 0) : 0)
    socket.send(JSON.stringify({ messageType: 'data-sync', data: answer }))
  }

  #poll(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '', this.url)
    if (!pathname.endsWith('/api/public/sdk/server/latest-all')) response.writeHead(404).end()
    else if (request.headers.authorization !== this.#secret) response.writeHead(401).end()
    else {
      const data = this.dataSince(Number(searchParams.get('timestamp')))
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ messageType: 'data-sync', data }))
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#ws.clients) socket.terminate()
    this.#http.closeAllConnections()
    await new Promise((resolve) => void this.#http.close(resolve))
  }
}

/** The secret in a token as the server finds it; undefined where the server refuses. */
export function secretOf(token: string, now: number): string | undefined {
  const number = (text: string): number =>
    text === '' ? Number.NaN : Number(text.replaceAll(/./g, (letter) => String(LETTERS.indexOf(letter))))
  const [position, length] = [number(token.slice(0, 3)), number(token.slice(3, 5))]
  const body = token.slice(5)
  if (!(position >= 0 && position <= 255) || !(length >= 0) || body.length < position + length) return undefined
  const time = number(body.slice(position, position + length))
  const bare = body.slice(0, position) + body.slice(position + length)
  const secret = bare.padEnd(Math.ceil(bare.length / 4) * 4, '=')
  return secret.length === 44 && Math.abs(now - time) <= 30_000 ? secret : undefined
}
