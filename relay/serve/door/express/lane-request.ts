/** A request of the express lane as handlers see it. */
import type { Buffer } from 'node:buffer'
import type { HttpRequest } from '../../http-message.ts'
import { FORWARDING } from '../node-request.ts'
import type { Head } from './head.ts'

export class LaneRequest implements HttpRequest {
  readonly body: Buffer
  readonly arrivedAt: number
  readonly secure: boolean
  readonly fault: undefined
  readonly #head: Head
  readonly #loopback: boolean

  constructor(
    head: Head,
    body: Buffer,
    arrivedAt: number,
    peer: { readonly loopback: boolean; readonly secure: boolean },
  ) {
    this.#head = head
    this.body = body
    this.arrivedAt = arrivedAt
    this.secure = peer.secure
    this.#loopback = peer.loopback
  }

  get method(): string {
    return this.#head.method
  }

  get path(): string {
    return this.#head.path
  }

  get query(): string {
    return this.#head.query
  }

  header(name: string): string | undefined {
    return this.#head.headers.get(name)
  }

  get local(): boolean {
    return this.#loopback && !FORWARDING.some((name) => this.#head.headers.has(name))
  }
}
