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

  /** Writes the text to the outlet. Not for texts that do not fit; see `fits`. */
  write(text: string, outlet: Outlet): void {
    const memory = (this.#memory ??= Buffer.allocUnsafeSlow(SIZE))
    outlet.write(memory.subarray(0, memory.write(text)))
    // Something of it waits in the socket, which refers to this memory.
    if (outlet.pending > 0) this.#memory = undefined
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
