/**
 * A small HTTP/1.1 client on bare sockets: one request at a time per connection, the rest wait their turn. The open-loop
 * driver must cost far less than the server it measures, which `fetch` and `node:http` do not.
 * It understands what servers under test answer (Content-Length, or no body at all) and fails loudly on anything else.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The bytes of a request to this machine. */
export function bytesOf({ method, path, headers, body }: WireRequest, host: string): Buffer {
  const fields = Object.entries({ host, ...headers, 'content-length': String(Buffer.byteLength(body)) })
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n${body}`)
}

interface Line {
  readonly socket: Socket
  received: Buffer
  /** Given the status, or 0 when the connection failed. */
  answer: ((status: number) => void) | undefined
}

interface Waiting {
  readonly bytes: Buffer
  readonly answer: (status: number) => void
}

export class WireClient {
  readonly #idle: Line[] = []
  readonly #waiting: Waiting[] = []
  readonly #lines: Line[] = []

  /** Connected once all connections stand. */
  static async open(host: string, port: number, connections: number): Promise<WireClient> {
    const client = new WireClient()
    await Promise.all(Array.from({ length: connections }, () => client.#open(host, port)))
    return client
  }

  /** Resolves with the status; 0 stands for a broken connection or an answer that cannot be read. Never rejects. */
  send(bytes: Buffer): Promise<number> {
    return new Promise((answer) => {
      const line = this.#idle.pop()
      if (line === undefined) this.#waiting.push({ bytes, answer })
      else this.#write(line, bytes, answer)
    })
  }

  close(): void {
    for (const { socket } of this.#lines) socket.destroy()
    for (const { answer } of this.#waiting.splice(0)) answer(0)
  }

  #open(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true })
      const line: Line = { socket, received: Buffer.alloc(0), answer: undefined }
      socket.once('connect', () => {
        this.#lines.push(line)
        this.#idle.push(line)
        resolve()
      })
      socket.on('data', (chunk: Buffer) => this.#read(line, chunk))
      socket.on('error', reject)
      socket.on('close', () => this.#broken(line))
    })
  }

  #write(line: Line, bytes: Buffer, answer: (status: number) => void): void {
    line.answer = answer
    line.socket.write(bytes)
  }

  #read(line: Line, chunk: Buffer): void {
    line.received = line.received.length === 0 ? chunk : Buffer.concat([line.received, chunk])
    const end = line.received.indexOf('\r\n\r\n')
    if (end === -1) return
    const head = line.received.toString('latin1', 0, end)
    const status = Number(head.slice(9, 12))
    const length = status === 304 || status === 204 ? 0 : Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? NaN)
    if (Number.isNaN(length)) {
      line.socket.destroy()
      return
    }
    if (line.received.length < end + 4 + length) return
    line.received = line.received.subarray(end + 4 + length)
    const { answer } = line
    line.answer = undefined
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(line)
    else this.#write(line, next.bytes, next.answer)
    answer?.(status)
  }

  #broken(line: Line): void {
    const at = this.#idle.indexOf(line)
    if (at !== -1) this.#idle.splice(at, 1)
    line.answer?.(0)
    line.answer = undefined
  }
}
