/**
 * Server-sent events over `fetch`, whose requests may carry headers. EventSource may not, which would put credentials
 * into URLs, and hides status codes, without which a wrong key and a relay that is down look alike.
 */

export interface StreamEvent {
  /** `message` when the server named none. */
  readonly type: string
  readonly data: string
  /** The last id so far; empty before the first. */
  readonly id: string
}

export interface StreamSink {
  /** An exception ends the reading and reaches the caller of `readEvents`. */
  event(event: StreamEvent): void
  /** How long the server wants clients to wait before they come back. Milliseconds, at most an hour. */
  retry?(milliseconds: number): void
  /** Something arrived, if only a comment: the connection lives. */
  alive?(): void
}

/** Reads until the stream ends. Rejects when it breaks, or when one event exceeds `limit` characters. */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  sink: StreamSink,
  limit: number = 128 * 1024 * 1024,
): Promise<void> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let [type, data, id, line] = ['', '', '', '']
  let afterCr = false

  const endLine = (): void => {
    const [, name, value = ''] = /^([^:]*)(?::? ?)([^]*)$/.exec(line) ?? []
    if (line === '') {
      // Every data line left a line feed behind, of which the last is none of the data.
      if (data !== '') sink.event({ type: type || 'message', data: data.slice(0, -1), id })
      type = data = ''
    } else if (name === 'data') data += `${value}\n`
    else if (name === 'event') type = value
    else if (name === 'id' && !value.includes('\0')) id = value
    else if (name === 'retry' && /^\d+$/.test(value)) sink.retry?.(Math.min(+value, 3_600_000))
    line = ''
  }

  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    sink.alive?.()
    let text = decoder.decode(value, { stream: true })
    if (afterCr && text !== '') {
      if (text[0] === '\n') text = text.slice(1)
      afterCr = false
    }
    if (text.endsWith('\r')) afterCr = true
    const [first = '', ...others] = text.split(/\r\n|\r|\n/)
    line += first
    for (const next of others) {
      endLine()
      line = next
    }
    if (line.length + data.length > limit) throw new Error('an event of the stream is too large')
  }
}
