/** A reply as bytes, for answers on sockets that no HTTP library writes to: malformed requests, and doors of our own. */
import { Buffer } from 'node:buffer'
import { STATUS_CODES } from 'node:http'
import type { HttpReply } from '../http-message.ts'

/** Names and values alternating. */
export function allHeaders({ headers, extra = [] }: HttpReply): string[] {
  return [...headers, ...extra]
}

/** The whole answer, after which the connection is closed. */
export function closingReply(reply: HttpReply, now: number): Buffer {
  const body = Buffer.from(reply.body ?? '')
  let head = `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? 'Unknown'}\r\n`
  const headers = allHeaders(reply)
  for (let index = 0; index + 1 < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`
  head += `Date: ${new Date(now).toUTCString()}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}
