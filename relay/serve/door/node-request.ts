/** A node:http request as handlers see it. */
import type { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Failure } from '../failure.ts'
import type { HttpRequest } from '../http-message.ts'

/** Headers by which a proxy says that the caller is somebody else than the connection's peer. */
export const FORWARDING: readonly string[] = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']

export class NodeRequest implements HttpRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly body: Buffer
  readonly fault: Failure | undefined
  readonly arrivedAt: number
  readonly #message: IncomingMessage

  constructor(message: IncomingMessage, body: Buffer, fault: Failure | undefined, arrivedAt: number) {
    const { method = '', url = '/' } = message
    const question = url.indexOf('?')
    this.method = method
    this.path = question < 0 ? url : url.slice(0, question)
    this.query = question < 0 ? '' : url.slice(question + 1)
    this.body = body
    this.fault = fault
    this.arrivedAt = arrivedAt
    this.#message = message
  }

  header(name: string): string | undefined {
    const { headers } = this.#message
    if (!Object.hasOwn(headers, name)) return undefined
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  get secure(): boolean {
    return this.#message.socket instanceof TLSSocket
  }

  get local(): boolean {
    return (
      isLoopback(this.#message.socket.remoteAddress ?? '') &&
      !FORWARDING.some((name) => this.header(name) !== undefined)
    )
  }
}

/** Whether an IP address is one of this machine's own loopback addresses. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./i.test(address)
}
