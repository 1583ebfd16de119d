/** The door's end of a stream, in memory: a client that takes what it is sent when the test says so. */
import { Buffer } from 'node:buffer'
import type { HttpReply, Outlet, OutletListener } from '../http-message.ts'

export class MemoryOutlet implements Outlet {
  /** Everything that was written, whether taken or not. */
  readonly written: Buffer[] = []
  pending = 0
  /** Whether the client takes bytes at once. */
  reads = true
  state: 'open' | 'ended' | 'destroyed' = 'open'
  /** Most that was ever pending. */
  most = 0
  /** Writes made while earlier bytes were pending. */
  pushed = 0
  listener: OutletListener | undefined

  write(bytes: Buffer): void {
    if (this.state !== 'open') return
    if (this.pending > 0) this.pushed++
    // What was taken is the writer's to use again; what waits is not, and is looked at when it is taken.
    this.written.push(this.reads ? Buffer.from(bytes) : bytes)
    if (!this.reads) this.pending += bytes.length
    this.most = Math.max(this.most, this.pending)
  }

  end(): void {
    if (this.state !== 'open') return
    this.state = 'ended'
    if (this.pending === 0) this.#close()
  }

  destroy(): void {
    this.state = 'destroyed'
    this.#close()
  }

  /** The client takes some bytes, all by default. */
  take(bytes: number = this.pending): void {
    if (this.pending === 0) return
    this.pending -= Math.min(bytes, this.pending)
    if (this.pending > 0) return
    for (const [index, bytes] of this.written.entries()) this.written[index] = Buffer.from(bytes)
    if (this.state === 'ended') this.#close()
    else this.listener?.drained()
  }

  /** The client goes away. */
  leave(): void {
    this.state = 'destroyed'
    this.#close()
  }

  text(): string {
    return Buffer.concat(this.written).toString()
  }

  #close(): void {
    const { listener } = this
    this.listener = undefined
    this.pending = 0
    listener?.closed()
  }
}

/** Opens a reply's stream on an outlet in memory. */
export function attach(reply: HttpReply, outlet: MemoryOutlet = new MemoryOutlet()): MemoryOutlet {
  if (reply.stream === undefined) throw new Error(`no stream but ${reply.status}: ${String(reply.body)}`)
  outlet.listener = reply.stream(outlet)
  return outlet
}
