/**
 * One connection on the express lane: requests are read straight from the socket's bytes, answered in order, and all
 * that one read brought in is answered by one write.
 *
 * States: reading (between or within requests), answering (a handler has not settled; nothing is read meanwhile), full
 * (the peer does not take its answers; nothing is read meanwhile), gone (closed, handed to node:http for good, or given
 * to an answer that stays open).
 * Everything held for a connection is bounded: at most one unfinished request within the limits, and the answers to one
 * read.
 */
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { HttpReply, HttpRequest } from '../../http-message.ts'
import type { OpenAnswers } from '../open-answer.ts'
import type { Gather, Piece } from './gather.ts'
import type { Heads } from './head.ts'
import { LaneRequest } from './lane-request.ts'
import { disown, own } from './owner.ts'
import type { Owner } from './owner.ts'
import type { ReplyWriter } from './reply-writer.ts'

/** What all lanes of a door share. */
export interface LaneTools {
  readonly heads: Pick<Heads, 'read'>
  readonly writer: ReplyWriter
  readonly gather: Gather
  /** Largest request head in bytes. */
  readonly headerBytes: number
  /** The monotonic clock, ms. */
  readonly monotonic: () => number
  /** Whether answers should ask their client to open no further request. */
  readonly retired: () => boolean
  readonly handle: (request: HttpRequest) => HttpReply | Promise<HttpReply>
  /** A request was answered here. */
  readonly served: () => void
  /** The peer has ended in the middle of a request; every earlier one was answered. */
  readonly cutShort: (socket: Socket) => void
  /** The connection goes to another protocol's reader, beginning with these bytes; `fresh` when they are its first. */
  readonly handOver: (socket: Socket, bytes: Buffer, fresh: boolean) => void
  readonly openAnswers: OpenAnswers
  /** The connection is closed, handed over or given to an answer that stays open. */
  readonly gone: (lane: Lane) => void
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')
/** A head that comes in more pieces than this is not the common case. */
const HEAD_PIECES = 8
const LETTER_G = 0x47
const LETTER_P = 0x50

export class Lane implements Owner {
  readonly socket: Socket
  readonly #tools: LaneTools
  readonly #peer: { readonly loopback: boolean; readonly secure: boolean }
  /** When the unfinished request began, or the connection was opened; undefined while idle. Monotonic ms. */
  waitingSince: number | undefined
  /** When the last answer was written, monotonic ms. */
  idleSince: number
  /** Whether the unfinished request's head is complete. */
  headComplete = false
  #pieces: Buffer[] = []
  #held = 0
  /** Bytes needed before looking again makes sense. */
  #needed = 0
  /** How often the unfinished head was looked at. */
  #looks = 0
  /** Whether no request was read yet. */
  #fresh = true
  #answering = false
  #closing = false
  #gone = false
  #ended = false

  constructor(socket: Socket, peer: { readonly loopback: boolean; readonly secure: boolean }, tools: LaneTools) {
    this.socket = socket
    this.#peer = peer
    this.#tools = tools
    this.idleSince = tools.monotonic()
    this.waitingSince = this.idleSince
    own(socket, this)
  }

  /** Whether nothing is under way, so that the connection may be closed without loss. */
  get idle(): boolean {
    return this.#held === 0 && !this.#answering && this.socket.writableLength === 0
  }

  onData(chunk: Buffer): void {
    if (this.#closing) return
    if (this.#held === 0) {
      this.#consume(chunk)
      return
    }
    this.#pieces.push(chunk)
    this.#held += chunk.length
    if (this.#held < this.#needed) return
    const bytes = Buffer.concat(this.#pieces, this.#held)
    if (!this.headComplete && this.#looks > HEAD_PIECES) this.#handOver(bytes)
    else this.#consume(bytes)
  }

  onDrain(): void {
    if (!this.#answering && !this.#gone) this.socket.resume()
  }

  /** The peer sends no more: what it asked for is still answered. */
  onEnd(): void {
    this.#ended = true
    if (this.#answering) return
    if (this.#held > 0) this.#tools.cutShort(this.socket)
    else this.socket.end()
  }

  onClose(): void {
    this.#leave()
  }

  #consume(bytes: Buffer): void {
    const { heads, monotonic, handle, headerBytes } = this.#tools
    let at = 0
    const output: Piece[] = []
    while (at < bytes.length) {
      const end = bytes.indexOf(END_OF_HEAD, at)
      if (end < 0) {
        if (!mayBegin(bytes[at]) || bytes.length - at > headerBytes) return this.#leaveTo(bytes.subarray(at), output)
        this.#hold(bytes.subarray(at), 0)
        break
      }
      const known = end - at > headerBytes ? undefined : heads.read(bytes.toString('latin1', at, end))
      if (known === undefined) return this.#leaveTo(bytes.subarray(at), output)
      const start = end + END_OF_HEAD.length
      const next = start + known.length
      if (next > bytes.length) {
        this.#hold(bytes.subarray(at), next - at)
        break
      }
      this.#release()
      this.#fresh = false
      const request = new LaneRequest(known, bytes.subarray(start, next), monotonic(), this.#peer)
      const reply = handle(request)
      at = next
      if (reply instanceof Promise) {
        this.#flush(output)
        this.#await(reply, bytes.subarray(at))
        return
      }
      if (this.#answer(reply, output)) return this.#close(reply, output)
    }
    this.#flush(output)
  }

  /**
   * Reads nothing until the reply has settled. What was read beyond the request goes back into the socket: bytes that
   * lie there also hold back the peer's end, which must not overtake them.
   */
  #await(reply: Promise<HttpReply>, rest: Buffer): void {
    this.#answering = true
    this.socket.pause()
    if (rest.length > 0) this.socket.unshift(rest)
    void reply.then((settled) => {
      this.#answering = false
      if (this.#gone) return
      const output: Piece[] = []
      if (this.#answer(settled, output)) return this.#close(settled, output)
      this.#flush(output)
      if (this.#ended) this.socket.end()
      else if (!this.socket.writableNeedDrain) this.socket.resume()
    })
  }

  /** Adds a reply to the output; true when it is the last of its connection. */
  #answer(reply: HttpReply, output: Piece[]): boolean {
    const close = reply.stream !== undefined || this.#tools.retired()
    const { body = '' } = reply
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
    output.push(this.#tools.writer.head(reply, length, close))
    // Text that is all ASCII is written as it is: it need not become bytes before it reaches the socket.
    if (length > 0) output.push(length === body.length ? body : Buffer.from(body))
    this.#tools.served()
    return close
  }

  /** One write for all answers of one read: a write is a system call, and most of what a small answer costs. */
  #flush(output: readonly Piece[]): void {
    if (output.length === 0) return
    this.idleSince = this.#tools.monotonic()
    if (!this.#tools.gather.write(this.socket, output)) this.socket.pause()
  }

  /** Keeps the beginning of an unfinished request; `needed` bytes make it whole, where that is known already. */
  #hold(bytes: Buffer, needed: number): void {
    this.waitingSince ??= this.#tools.monotonic()
    this.headComplete = needed > 0
    this.#needed = needed
    this.#looks++
    this.#pieces = [bytes]
    this.#held = bytes.length
  }

  #release(): void {
    this.waitingSince = undefined
    this.headComplete = false
    this.#looks = 0
    if (this.#held === 0) return
    this.#pieces = []
    this.#held = 0
    this.#needed = 0
  }

  #leaveTo(bytes: Buffer, output: readonly Piece[]): void {
    this.#flush(output)
    this.#handOver(bytes)
  }

  #handOver(bytes: Buffer): void {
    this.#leave()
    disown(this.socket)
    this.#tools.handOver(this.socket, bytes, this.#fresh)
  }

  /** Writes the last answers and heeds nothing that the peer still sends. */
  #close({ stream }: HttpReply, output: readonly Piece[]): void {
    this.#closing = true
    this.#flush(output)
    if (stream === undefined) {
      this.socket.end()
    } else {
      this.#leave()
      const answer = this.#tools.openAnswers.open(this.socket, stream)
      own(this.socket, answer)
      if (this.#ended) answer.onEnd()
    }
    this.socket.resume()
  }

  #leave(): void {
    if (this.#gone) return
    this.#gone = true
    this.#pieces = []
    this.#tools.gone(this)
  }
}

/** Whether a request that the lane knows begins with this byte. */
function mayBegin(byte: number | undefined): boolean {
  return byte === LETTER_P || byte === LETTER_G
}
