/**
 * The grammar of event streams (WHATWG HTML, "server-sent events"), over bytes that arrive cut anywhere. Whatever a
 * server sends is held in bounded memory: without the limits one line that never ends would take the process with it.
 */
import type { StreamEvent } from './connection.ts'
import { UpstreamError } from './upstream-error.ts'

/** Called while bytes are pushed. An exception stops the parsing and reaches the caller of `push`. */
export interface SseSink {
  event(event: StreamEvent): void
  /** The server wants clients to wait at least this long before they come back. Milliseconds. */
  retry?(milliseconds: number): void
}

const CR = 0x0d
const LF = 0x0a
/** A line's buffer is kept for the next line up to this size. Bytes. */
const LINE_KEPT = 64 * 1024
const BOM = [0xef, 0xbb, 0xbf]

/** One connection's bytes; made anew for every connection. */
export class SseParser {
  readonly #sink: SseSink
  readonly #maxBytes: number
  /** The mark at the beginning is taken off by hand: at the beginning of a later line it is content. */
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  /** The line so far; one buffer that grows, as a list of its pieces would cost far more than the pieces. */
  #line = new Uint8Array(0)
  #length = 0
  #data: string[] = []
  #dataBytes = 0
  #type = ''
  #id: string
  #afterCr = false
  #first = true

  /** `maxBytes`: largest line and largest event. `lastId`: what the last connection ended with. */
  constructor(sink: SseSink, maxBytes: number, lastId: string = '') {
    this.#sink = sink
    this.#maxBytes = maxBytes
    this.#id = lastId
  }

  /** Bytes or fields that wait for the end of their line or event. */
  get pending(): boolean {
    return this.#length > 0 || this.#data.length > 0
  }

  /** Throws `UpstreamError` `too-large`, and whatever the sink throws; the parser is of no use after that. */
  push(chunk: Uint8Array): void {
    let start = 0
    let cr = find(chunk, CR, 0)
    let lf = find(chunk, LF, 0)
    if (this.#afterCr && chunk.length > 0) {
      this.#afterCr = false
      if (lf === 0) {
        start = 1
        lf = find(chunk, LF, 1)
      }
    }
    // Each search goes on only where its last hit was used up: lines ended by one mark must not rescan for the other.
    for (let end = Math.min(cr, lf); end < chunk.length; end = Math.min(cr, lf)) {
      this.#endLine(chunk.subarray(start, end))
      start = end + 1
      if (end === lf) {
        lf = find(chunk, LF, start)
        continue
      }
      if (start === chunk.length) this.#afterCr = true
      else if (start === lf) {
        start += 1
        lf = find(chunk, LF, start)
      }
      cr = find(chunk, CR, start)
    }
    this.#keep(chunk.subarray(start))
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#length + bytes.length
    this.#bounded(length)
    if (length > this.#line.length) {
      const grown = new Uint8Array(Math.max(length, Math.min(this.#line.length * 2, this.#maxBytes)))
      grown.set(this.#line.subarray(0, this.#length))
      this.#line = grown
    }
    this.#line.set(bytes, this.#length)
    this.#length = length
  }

  #bounded(length: number): void {
    if (length + this.#dataBytes <= this.#maxBytes) return
    throw new UpstreamError('too-large', `an event of the stream exceeds ${this.#maxBytes} bytes`)
  }

  #endLine(rest: Uint8Array): void {
    let bytes = rest
    if (this.#length > 0) {
      this.#keep(rest)
      bytes = this.#line.subarray(0, this.#length)
    } else {
      this.#bounded(rest.length)
    }
    if (this.#first) {
      this.#first = false
      if (BOM.every((byte, index) => bytes[index] === byte)) bytes = bytes.subarray(BOM.length)
    }
    if (bytes.length === 0) this.#dispatch()
    else this.#field(this.#decoder.decode(bytes), bytes.length)
    this.#length = 0
    if (this.#line.length > LINE_KEPT) this.#line = new Uint8Array(0)
  }

  #field(line: string, length: number): void {
    const colon = line.indexOf(':')
    if (colon === 0) return
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'data') {
      this.#data.push(value)
      this.#dataBytes += length
    } else if (name === 'event') {
      this.#type = value
    } else if (name === 'id') {
      if (!value.includes('\0')) this.#id = value
    } else if (name === 'retry' && /^[0-9]+$/.test(value)) {
      this.#sink.retry?.(Number(value))
    }
  }

  #dispatch(): void {
    const [type, data] = [this.#type, this.#data]
    this.#type = ''
    this.#data = []
    this.#dataBytes = 0
    if (data.length === 0) return
    this.#sink.event({ type: type === '' ? 'message' : type, data: data.join('\n'), id: this.#id })
  }
}

/** Where the byte is next, or the end of the chunk. */
function find(chunk: Uint8Array, byte: number, from: number): number {
  const at = chunk.indexOf(byte, from)
  return at === -1 ? chunk.length : at
}
