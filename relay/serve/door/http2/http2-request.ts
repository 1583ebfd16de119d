/** A request of HTTP/2 as handlers see it: its pseudo headers look like what HTTP/1.1 would have sent. */
import type { Buffer } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http2'
import type { Failure } from '../../failure.ts'
import type { HttpRequest } from '../../http-message.ts'
import { FORWARDING } from '../node-request.ts'

export interface Http2Parts {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly fault: Failure | undefined
  readonly arrivedAt: number
  readonly secure: boolean
  readonly loopback: boolean
}

export class Http2Request implements HttpRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly body: Buffer
  readonly fault: Failure | undefined
  readonly arrivedAt: number
  readonly secure: boolean
  readonly #headers: IncomingHttpHeaders
  readonly #loopback: boolean

  constructor({ headers, body, fault, arrivedAt, secure, loopback }: Http2Parts) {
    const { ':method': method = '', ':path': target = '/' } = headers
    const question = target.indexOf('?')
    this.method = method
    this.path = question < 0 ? target : target.slice(0, question)
    this.query = question < 0 ? '' : target.slice(question + 1)
    this.body = body
    this.fault = fault
    this.arrivedAt = arrivedAt
    this.secure = secure
    this.#headers = headers
    this.#loopback = loopback
  }

  header(name: string): string | undefined {
    if (name.startsWith(':')) return undefined
    if (!Object.hasOwn(this.#headers, name)) return name === 'host' ? this.#headers[':authority'] : undefined
    const value = this.#headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  get local(): boolean {
    return this.#loopback && !FORWARDING.some((name) => this.header(name) !== undefined)
  }
}
