/**
 * gRPC's messages in a stream of bytes: one byte that says whether the message is compressed, four for its length, then
 * the message. What was announced as longer than allowed is refused before it is read.
 */
import { UpstreamError } from './upstream-error.ts'

const HEAD = 5

export function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEAD + message.length)
  new DataView(frame.buffer).setUint32(1, message.length)
  frame.set(message, HEAD)
  return frame
}

/** Cuts chunks into messages. */
export class FrameReader {
  readonly #maxBytes: number
  readonly #message: (message: Uint8Array) => void
  #chunks: Uint8Array[] = []
  #size = 0
  #wanted: number = HEAD

  /** Throws what `message` throws, and `UpstreamError`; is of no use afterwards. */
  constructor(maxBytes: number, message: (message: Uint8Array) => void) {
    this.#maxBytes = maxBytes
    this.#message = message
  }

  /** Whether a message has begun and not ended. */
  get pending(): boolean {
    return this.#size > 0
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    // Joined only when a whole message is there: a large one comes in thousands of chunks.
    while (this.#size >= this.#wanted) {
      const bytes = this.#chunks.length === 1 ? (this.#chunks[0] ?? chunk) : Buffer.concat(this.#chunks)
      const length = this.#lengthOf(bytes)
      this.#chunks = [bytes]
      this.#wanted = HEAD + length
      if (this.#size < this.#wanted) return
      const rest = bytes.subarray(this.#wanted)
      this.#chunks = rest.length === 0 ? [] : [rest]
      this.#size = rest.length
      this.#wanted = HEAD
      this.#message(bytes.subarray(HEAD, HEAD + length))
    }
  }

  #lengthOf(bytes: Uint8Array): number {
    if (bytes[0] !== 0) throw new UpstreamError('protocol', 'the server compressed a message, which was not asked for')
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
    if (length > this.#maxBytes) {
      throw new UpstreamError('too-large', `the server announced a message of ${length} bytes`)
    }
    return length
  }
}
