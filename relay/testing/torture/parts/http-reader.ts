/**
 * HTTP/1.1 messages out of a socket's bytes, for the driver, the balancer and the swarm. Strict on purpose: it reads what
 * a correct relay sends, and a message it cannot read is a finding. Streams are handed on as they come.
 */

/** One message. Header names in lower case. */
export interface Message {
  readonly startLine: string
  readonly headers: ReadonlyMap<string, string>
  /** The head as it came, the empty line included. */
  readonly head: Buffer
  readonly body: Buffer
  /** True for answers without an end: the body is what came with the head, the rest follows as `rest`. */
  readonly endless: boolean
}

const EMPTY = Buffer.alloc(0)
const END = Buffer.from('\r\n\r\n')

/** Collects bytes until a message is whole. One request or answer at a time. */
export class MessageReader {
  #bytes: Buffer = EMPTY
  #head: { readonly message: Omit<Message, 'body' | 'endless'>; readonly length: number } | undefined

  /** The next whole message, if these bytes complete it. Throws when they are no HTTP. */
  push(piece: Buffer): Message | undefined {
    this.#bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece])
    this.#head ??= this.#readHead()
    if (this.#head === undefined) return undefined
    const { message, length } = this.#head
    const start = message.head.length
    if (length === Infinity) {
      const body = this.#bytes.subarray(start)
      this.reset()
      return { ...message, body, endless: true }
    }
    if (this.#bytes.length < start + length) return undefined
    const body = this.#bytes.subarray(start, start + length)
    this.#bytes = this.#bytes.subarray(start + length)
    this.#head = undefined
    return { ...message, body, endless: false }
  }

  /** Whether a message has begun. */
  get begun(): boolean {
    return this.#bytes.length > 0
  }

  reset(): void {
    this.#bytes = EMPTY
    this.#head = undefined
  }

  #readHead(): { message: Omit<Message, 'body' | 'endless'>; length: number } | undefined {
    const end = this.#bytes.indexOf(END)
    if (end === -1) return undefined
    const head = this.#bytes.subarray(0, end + 4)
    const [startLine = '', ...lines] = head.toString('latin1').slice(0, -4).split('\r\n')
    const headers = new Map<string, string>()
    for (const line of lines) {
      const colon = line.indexOf(':')
      if (colon < 1) throw new Error(`no header: ${line}`)
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
    }
    return { message: { startLine, headers, head }, length: lengthOf(startLine, headers) }
  }
}

function lengthOf(startLine: string, headers: ReadonlyMap<string, string>): number {
  const answer = /^HTTP\/1\.1 (\d{3})/.exec(startLine)
  const stream = headers.get('content-type')?.startsWith('text/event-stream') === true
  if (answer !== null && stream) return Infinity
  if (answer?.[1] === '304' || answer?.[1] === '204') return 0
  if (headers.has('transfer-encoding')) throw new Error(`a chunked message: ${startLine}`)
  const length = headers.get('content-length')
  if (length !== undefined) return Number(length)
  if (answer !== null) throw new Error(`an answer without a length: ${startLine}`)
  return 0
}

/** The status of an answer. */
export function statusOf({ startLine }: Message): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(startLine)?.[1] ?? 0)
}
