/**
 * A TCP proxy that hurts what passes through it, with Toxiproxy's vocabulary and two words more (`corrupt`, `blackhole`).
 * Toxics may be changed at any time and act on connections that are open already, as real networks fail.
 */
import { createServer, connect } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { pause } from './pause.ts'
import type { Random } from '../../../serve/testing/random.ts'

/** One way to hurt. Times in ms. */
export type Toxic =
  /** Every piece arrives later. */
  | { readonly kind: 'latency'; readonly ms: number; readonly jitterMs?: number }
  /** So many bytes a second pass at most. */
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number }
  /** The end of the stream arrives later. */
  | { readonly kind: 'slow_close'; readonly ms: number }
  /** Nothing passes, and the connection is closed after this. */
  | { readonly kind: 'timeout'; readonly ms: number }
  /** The connection is reset this long after the toxic meets its first byte. */
  | { readonly kind: 'reset_peer'; readonly ms: number }
  /** Pieces of so many bytes, a little apart. */
  | { readonly kind: 'slicer'; readonly bytes: number; readonly delayMs: number }
  /** The connection is closed after so many bytes. */
  | { readonly kind: 'limit_data'; readonly bytes: number }
  /** One bit in so many bytes is another. */
  | { readonly kind: 'corrupt'; readonly every: number }
  /** Connections are accepted, nothing passes, nothing is closed. */
  | { readonly kind: 'blackhole' }

/** What passes to the server, and what passes back. */
export type Way = 'up' | 'down'

export class FaultProxy {
  readonly #target: () => { readonly port: number }
  readonly #random: Random
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #toxics: Record<Way, readonly Toxic[]> = { up: [], down: [] }
  #port = 0

  /** The target is looked up anew for each connection. */
  constructor(target: () => { readonly port: number }, random: Random) {
    this.#target = target
    this.#random = random
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  }

  get port(): number {
    return this.#port
  }

  get connections(): number {
    return this.#sockets.size / 2
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Replaces the toxics of one way, or of both. */
  poison(toxics: readonly Toxic[], way?: Way): void {
    if (way !== 'down') this.#toxics.up = toxics
    if (way !== 'up') this.#toxics.down = toxics
  }

  heal(): void {
    this.poison([])
  }

  /** Cuts every open connection, with a reset. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      for (const socket of this.#sockets) socket.destroy()
    })
  }

  #accept(client: Socket): void {
    const server = connect({ port: this.#target().port, host: '127.0.0.1', allowHalfOpen: true })
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {
        client.destroy()
        server.destroy()
      })
      socket.once('close', () => this.#sockets.delete(socket))
    }
    void this.#carry(client, server, 'up')
    void this.#carry(server, client, 'down')
  }

  /** Reads one side and writes the other, one piece at a time, which is also the back pressure. */
  async #carry(from: Socket, to: Socket, way: Way): Promise<void> {
    const lane = new Lane(from, to, () => this.#toxics[way], this.#random)
    try {
      // Reading to the end must not destroy the socket: its other half may still be open.
      for await (const piece of from.iterator({ destroyOnReturn: false }))
        if (!(await lane.pass(piece as Buffer))) return
      await lane.end()
    } catch {
      // Either side is gone: then so is the other.
      from.destroy()
      to.destroy()
    }
  }
}

/** One way of one connection. */
class Lane {
  readonly #from: Socket
  readonly #to: Socket
  readonly #toxics: () => readonly Toxic[]
  readonly #random: Random
  #passed = 0

  constructor(from: Socket, to: Socket, toxics: () => readonly Toxic[], random: Random) {
    this.#from = from
    this.#to = to
    this.#toxics = toxics
    this.#random = random
  }

  /** False when the connection was ended on the way. */
  async pass(piece: Buffer): Promise<boolean> {
    let pieces = [piece]
    let gapMs = 0
    for (const toxic of this.#toxics()) {
      if (toxic.kind === 'latency') await pause(toxic.ms + this.#random.below((toxic.jitterMs ?? 0) + 1))
      else if (toxic.kind === 'bandwidth') {
        const share = Math.max(1, Math.ceil(toxic.bytesPerSecond / 20))
        pieces = pieces.flatMap((each) => sliced(each, share))
        gapMs = (share / toxic.bytesPerSecond) * 1_000
      } else if (toxic.kind === 'slicer') {
        pieces = pieces.flatMap((each) => sliced(each, toxic.bytes))
        gapMs = toxic.delayMs
      } else if (toxic.kind === 'corrupt') pieces = pieces.map((each) => this.#corrupted(each, toxic.every))
      else if (toxic.kind === 'blackhole') {
        await this.#swallow('blackhole')
        return !this.#to.destroyed
      } else if (toxic.kind === 'timeout') return await this.#close(toxic.ms, false)
      else if (toxic.kind === 'reset_peer') return await this.#close(toxic.ms, true)
      else if (toxic.kind === 'limit_data') {
        const rest = toxic.bytes - this.#passed
        if (rest >= piece.length) continue
        if (rest > 0) await this.#write(piece.subarray(0, rest))
        return await this.#close(0, false)
      }
    }
    for (const each of pieces) {
      await this.#write(each)
      if (gapMs > 0) await pause(gapMs)
    }
    return true
  }

  async end(): Promise<void> {
    for (const toxic of this.#toxics()) if (toxic.kind === 'slow_close') await pause(toxic.ms)
    this.#to.end()
  }

  /** The piece is lost; the connection goes on hanging until the toxic is gone. */
  async #swallow(kind: Toxic['kind']): Promise<void> {
    while (!this.#to.destroyed && !this.#from.destroyed && this.#toxics().some((each) => each.kind === kind)) {
      await pause(20)
    }
    // What was swallowed is missing from the stream, so nothing after it may pass for whole.
    this.#from.destroy()
    this.#to.destroy()
  }

  async #close(afterMs: number, reset: boolean): Promise<false> {
    if (afterMs > 0) await pause(afterMs)
    for (const socket of [this.#from, this.#to]) {
      if (reset) socket.resetAndDestroy()
      else socket.destroy()
    }
    return false
  }

  #corrupted(piece: Buffer, every: number): Buffer {
    const copy = Buffer.from(piece)
    for (let at = this.#random.below(every); at < copy.length; at += 1 + this.#random.below(every * 2)) {
      copy[at] = (copy[at] ?? 0) ^ (1 << this.#random.below(8))
    }
    return copy
  }

  async #write(piece: Buffer): Promise<void> {
    this.#passed += piece.length
    await new Promise<void>((resolve, reject) => {
      this.#to.write(piece, (error) => (error ? reject(error) : resolve()))
    })
  }
}

function sliced(piece: Buffer, size: number): Buffer[] {
  const slices: Buffer[] = []
  for (let at = 0; at < piece.length; at += size) slices.push(piece.subarray(at, at + size))
  return slices
}
