/** The grammar of event streams, cut at every byte: a connection may deliver them so. */
import { describe, expect, it } from 'vitest'
import { readEvents } from './event-stream.ts'
import type { StreamEvent } from './event-stream.ts'

const TEXT =
  '\u{feff}retry: 2500\r\n: hello\r\n\r\nid: 1\nevent: whole\ndata: {"a":"é–\u{1F600}"}\n\n' +
  'data:two\rdata:  lines\r\rid: bad\0id\nevent\ndata\n\nevent: ignored\n\nretry: soon\ndata:a:b\n\ndata: unfinished'

const EVENTS: StreamEvent[] = [
  { type: 'whole', data: '{"a":"é–\u{1F600}"}', id: '1' },
  { type: 'message', data: 'two\n lines', id: '1' },
  { type: 'message', data: '', id: '1' },
  { type: 'message', data: 'a:b', id: '1' },
]

async function read(chunks: readonly Uint8Array[], limit?: number) {
  const events: StreamEvent[] = []
  const retries: number[] = []
  let alive = 0
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
  const sink = {
    event: (event: StreamEvent) => void events.push(event),
    retry: (milliseconds: number) => void retries.push(milliseconds),
    alive: () => void alive++,
  }
  await readEvents(body, sink, limit)
  return { events, retries, alive }
}

describe('readEvents', () => {
  const bytes = new TextEncoder().encode(TEXT)

  it.each([1, 2, 3, 7, bytes.length])('reads the same from chunks of %i bytes', async (size) => {
    const chunks = []
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
    expect(await read(chunks)).toEqual({ events: EVENTS, retries: [2500], alive: chunks.length })
  })

  it('refuses an event without end', async () => {
    const chunk = new TextEncoder().encode('data: 0123456789')
    await expect(
      read(
        Array.from({ length: 20 }, () => chunk),
        100,
      ),
    ).rejects.toThrow('too large')
    const lines = new TextEncoder().encode('data: 0123456789\n')
    await expect(
      read(
        Array.from({ length: 20 }, () => lines),
        100,
      ),
    ).rejects.toThrow('too large')
  })

  it('reads ten megabytes in one line in linear time', async () => {
    const chunk = new TextEncoder().encode('x'.repeat(1 << 16))
    const body = [new TextEncoder().encode('data: '), ...Array.from({ length: 160 }, () => chunk)]
    const { events } = await read([...body, new TextEncoder().encode('\n\n')])
    expect(events[0]?.data.length).toBe(160 << 16)
  })
})
