/**
 * Replies as bytes. Fixed headers come as the same array for many replies, so their text is made once per array; the
 * date is made once a second.
 */
import { STATUS_CODES } from 'node:http'
import type { HttpReply } from '../../http-message.ts'

export class ReplyWriter {
  readonly #blocks = new WeakMap<readonly string[], string>()
  readonly #keepAlive: string
  readonly #now: () => number
  #second = -1
  #date = ''

  /** `now` in ms since the epoch. */
  constructor(now: () => number, keepAliveMs: number) {
    this.#now = now
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1_000)}\r\n\r\n`
  }

  /**
   * The head of a reply with a body of so many bytes, up to and including the empty line. One that stays open must be
   * said to close.
   */
  head({ status, headers, extra, stream }: HttpReply, length: number, close: boolean): string {
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n${this.#block(headers)}`
    if (extra !== undefined) text += spelled(extra)
    text += this.#dateLine()
    if (status !== 204 && status !== 304 && stream === undefined) text += `Content-Length: ${length}\r\n`
    return text + (close ? 'Connection: close\r\n\r\n' : this.#keepAlive)
  }

  #block(headers: readonly string[]): string {
    let block = this.#blocks.get(headers)
    if (block === undefined) {
      block = spelled(headers)
      this.#blocks.set(headers, block)
    }
    return block
  }

  #dateLine(): string {
    const now = this.#now()
    const second = Math.floor(now / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#date = `Date: ${new Date(now).toUTCString()}\r\n`
    }
    return this.#date
  }
}

function spelled(headers: readonly string[]): string {
  let text = ''
  for (let index = 0; index + 1 < headers.length; index += 2) text += `${headers[index]}: ${headers[index + 1]}\r\n`
  return text
}
