/** The parser against a plain reading of the standard, over random streams cut at random places (hazard 13). */
import { expect, test } from 'vitest'
import { FakeTimers } from './fake-timers.ts'
import { SseParser } from './sse-parser.ts'
import type { StreamEvent } from './connection.ts'
import { UpstreamError } from './upstream-error.ts'

const encoder = new TextEncoder()

interface Parsed {
  readonly events: StreamEvent[]
  readonly retries: number[]
}

function parse(chunks: Iterable<Uint8Array>, maxBytes = 1_000_000, lastId = ''): Parsed & { parser: SseParser } {
  const parsed: Parsed = { events: [], retries: [] }
  const parser = new SseParser(
    { event: (event) => parsed.events.push(event), retry: (milliseconds) => parsed.retries.push(milliseconds) },
    maxBytes,
    lastId,
  )
  for (const chunk of chunks) parser.push(chunk)
  return { ...parsed, parser }
}

/** The standard's own words, over the whole text at once. */
function model(bytes: Uint8Array): Parsed {
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\r|\n/)
  lines.pop()
  const parsed: Parsed = { events: [], retries: [] }
  let [data, type, id] = ['', '', '']
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:]*)(?::[ ]?([^]*))?$/.exec(line) ?? []
    if (line === '') {
      if (data !== '') parsed.events.push({ type: type || 'message', data: data.replace(/\n$/, ''), id })
      data = type = ''
    } else if (name === 'data') data += `${value}\n`
    else if (name === 'event') type = value
    else if (name === 'id' && !value.includes('\0')) id = value
    else if (name === 'retry' && /^[0-9]+$/.test(value)) parsed.retries.push(Number(value))
  }
  return parsed
}

function one(text: string): Parsed {
  return parse([encoder.encode(text)])
}

test.each<[string, string, readonly (readonly [type: string, data: string, id: string])[]]>([
  ['one event', 'event: put\ndata: {}\n\n', [['put', '{}', '']]],
  ['no blank after the colon', 'data:x\n\n', [['message', 'x', '']]],
  ['only one blank is taken off', 'data:  x\n\n', [['message', ' x', '']]],
  ['several lines', 'data: a\ndata\ndata: b\n\n', [['message', 'a\n\nb', '']]],
  ['an empty data line', 'event: e\ndata:\n\n', [['e', '', '']]],
  ['no data line', 'event: e\nid: 1\n\ndata: x\n\n', [['message', 'x', '1']]],
  ['comments', ': hello\n:\ndata: x\n:\n\n', [['message', 'x', '']]],
  [
    'ids that last',
    'id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n',
    [
      ['message', 'a', '7'],
      ['message', 'b', '7'],
      ['message', 'c', ''],
    ],
  ],
  ['an id with NUL', 'id: 7\nid: 8\0\ndata: a\n\n', [['message', 'a', '7']]],
  ['unknown fields', 'datax: 1\ndata: a\nDATA: b\n data: c\n\n', [['message', 'a', '']]],
  [
    'mixed line ends',
    'data: a\r\rdata: b\r\n\ndata: c\n\r\n',
    [
      ['message', 'a', ''],
      ['message', 'b', ''],
      ['message', 'c', ''],
    ],
  ],
  ['a mark at the beginning', '\uFEFFdata: a\n\n\uFEFFdata: b\n\n', [['message', 'a', '']]],
  ['an event without its end', 'data: a\n\ndata: b\n', [['message', 'a', '']]],
])('%s', (_, text, expected) => {
  const { events } = one(text)
  expect(events.map(({ type, data, id }) => [type, data, id])).toEqual(expected)
  expect(events).toEqual(model(encoder.encode(text)).events)
})

test('retry is read from digits only', () => {
  expect(one('retry: 10\nretry: -1\nretry: 1.5\nretry:\nretry: 0x1\nretry:20\n').retries).toEqual([10, 20])
})

test('the id of the last connection lasts until another one comes', () => {
  const { events } = parse([encoder.encode('data: a\n\nid: 2\ndata: b\n\n')], 100, '1')
  expect(events.map(({ id }) => id)).toEqual(['1', '2'])
})

const PIECES = [
  'data', 'event', 'id', 'retry', ': ', ':', ' ', '\n', '\r', '\r\n', '\n\n', '\r\r', 'x', '{"a":1}', '42', '\0', 'é', '😀',
  '\uFEFF', 'data: y\n', 'event: put\n', 'id: 3\n', '\n\r',
] // prettier-ignore

test('20,000 random streams, cut at random places, read as the standard says (seed 11)', () => {
  const timers = new FakeTimers({ seed: 11 })
  const below = (n: number): number => Math.floor(timers.random() * n)
  let events = 0
  for (let round = 0; round < 20_000; round += 1) {
    const text = Array.from({ length: below(40) }, () => PIECES[below(PIECES.length)]).join('')
    const bytes = encoder.encode(text)
    // Every fourth stream is no valid UTF-8.
    if (round % 4 === 0)
      for (let at = 0; at < bytes.length; at += 1 + below(9)) if (below(6) === 0) bytes[at] = 128 + below(128)
    const chunks: Uint8Array[] = []
    for (let at = 0; at < bytes.length;) {
      const size = round % 3 === 0 ? 1 : below(8)
      chunks.push(bytes.slice(at, at + size))
      at += size
    }
    const { events: got, retries } = parse(chunks)
    const expected = model(bytes)
    expect(got, JSON.stringify(text)).toEqual(expected.events)
    expect(retries).toEqual(expected.retries)
    events += got.length
  }
  expect(events).toBeGreaterThan(5_000)
})

test.each<[string, () => Iterable<Uint8Array>]>([
  ['a line without an end', () => Array.from({ length: 2_000 }, () => new Uint8Array(1_000).fill(97))],
  ['a line without an end, byte by byte', () => Array.from({ length: 1_000_001 }, () => new Uint8Array([97]))],
  ['an event without an end', () => Array.from({ length: 200_000 }, () => encoder.encode('data: x\n'))],
])('%s is refused at the limit', (_, chunks) => {
  expect(() => parse(chunks())).toThrow(UpstreamError)
})

test('bytes handed over may be overwritten afterwards', () => {
  const chunk = encoder.encode('data: kept')
  const { parser, events } = parse([chunk])
  expect(parser.pending).toBe(true)
  chunk.fill(0)
  parser.push(encoder.encode('\n\n'))
  expect(events).toMatchObject([{ data: 'kept' }])
  expect(parser.pending).toBe(false)
})

test.each(['\r', '\n', '\r\n'])('a megabyte of short lines ended by %j takes linear time', (end) => {
  const bytes = encoder.encode(`:${end}`.repeat(1_000_000 / (1 + end.length)))
  const start = performance.now()
  parse([bytes])
  expect(performance.now() - start).toBeLessThan(5_000)
})
