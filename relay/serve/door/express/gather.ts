/**
 * One write of many pieces. Memory for what is written would be the dearest part of a middling answer, so the pieces are
 * laid into a block that is used again and again: a socket that takes everything at once needs it no longer when `write`
 * returns. One that does not keeps the block, and the next write gets another.
 */
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'

/** Strings hold Latin-1. */
export type Piece = string | Buffer

const BLOCK = 65_536
/** Texts up to this are written as they are. */
const SHORT = 1_024

export class Gather {
  #block = Buffer.allocUnsafeSlow(BLOCK)
  /** Whether sockets usually take what they are given at once; one that encrypts never does. */
  readonly #reuse: boolean

  constructor(reuse: boolean) {
    this.#reuse = reuse
  }

  /** False when the socket should be given no more for now. */
  write(socket: Socket, pieces: readonly Piece[]): boolean {
    let length = 0
    let isText = true
    for (const piece of pieces) {
      length += piece.length
      isText &&= typeof piece === 'string'
    }
    if (isText && length <= SHORT)
      return socket.write(pieces.length === 1 ? (pieces[0] ?? '') : pieces.join(''), 'latin1')
    if (length > BLOCK || !this.#reuse) return socket.write(lay(pieces, Buffer.allocUnsafe(length)))
    const more = socket.write(lay(pieces, this.#block).subarray(0, length))
    if (socket.writableLength > 0) this.#block = Buffer.allocUnsafeSlow(BLOCK)
    return more
  }
}

function lay(pieces: readonly Piece[], block: Buffer): Buffer {
  let at = 0
  for (const piece of pieces) {
    if (typeof piece === 'string') block.write(piece, at, 'latin1')
    else block.set(piece, at)
    at += piece.length
  }
  return block
}
