/**
 * Where frames for one client are encoded. Most are taken by the socket at once, and then the same memory serves for the
 * next; ten thousand buffers of their own would stay in the process's footprint long after they are gone.
 */
import { Buffer } from 'node:buffer'
import type { Outlet } from '../http-message.ts'

/** Also what a client that has not taken its frame may hold of it. */
const SIZE = 16_384
/** Bytes that one UTF-16 unit takes at most. */
const WIDEST = 3

export class Scratch {
  #memory: Buffer | undefined
  /** What is before it may be referred to by sockets. */
  #free = 0

  /** Writes the text to the outlet. Not for texts that do not fit; see `fits`. */
  write(text: string, outlet: Outlet): void {
    if (this.#memory === undefined || SIZE - this.#free < text.length * WIDEST) {
      this.#memory = Buffer.allocUnsafeSlow(SIZE)
      this.#free = 0
    }
    const end = this.#free + this.#memory.write(text, this.#free)
    outlet.write(this.#memory.subarray(this.#free, end))
    // Something of it waits in the socket: over TLS and HTTP/2 always, for a moment.
    if (outlet.pending > 0) this.#free = end
  }

  fits(text: string): boolean {
    return text.length * WIDEST <= SIZE
  }
}

/** A buffer that shares its memory with no other: those are kept, and would keep their neighbours. */
export function ownBuffer(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}
