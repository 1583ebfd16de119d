/** Documents in pages, over real sockets: followed in order, bounded together, never to another host, never for ever. */
import { afterEach, expect, test } from 'vitest'
import { FakeTimers } from './fake-timers.ts'
import type { Pages } from './http-exchange.ts'
import { HttpPollSource } from './http-poll.ts'
import { Recorder, until } from './testing/recorder.ts'
import { httpUpstream } from './testing/upstreams.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

const pages: Pages = {
  next: (link, page) => URL.parse(link, page)?.href,
  join: (bodies) => Buffer.from(bodies.map((body) => Buffer.from(body).toString()).join('+')),
}

/** A server that gives these bodies and Link headers by page number. */
async function serving(answers: Record<string, { body: string; link?: string }>, maxBytes: number = 100) {
  const server = await httpUpstream((request, response) => {
    const answer = answers[new URL(request.url ?? '', 'http://server').searchParams.get('page') ?? '1']
    if (answer === undefined) return response.writeHead(500).end()
    if (answer.link !== undefined) response.setHeader('link', answer.link)
    return response.setHeader('last-modified', 'Fri, 20 Nov 2026 10:00:00 GMT').end(answer.body)
  })
  const timers = new FakeTimers()
  const request = { url: `${server.url}/flags`, headers: { 'x-key': 'secret' }, pages }
  const source = new HttpPollSource({ request, every: 10_000, timers, maxBytes })
  open.push({ close: () => source.stop() }, server)
  const sink = new Recorder()
  source.start(sink)
  return { server, sink, timers, answers }
}

test('pages are joined in order, carry the headers, and are never asked for with validators', async () => {
  const { server, sink, timers, answers } = await serving({
    1: { body: 'one', link: '?page=2' },
    2: { body: 'two', link: '?page=3' },
    3: { body: 'three' },
  })
  expect(await sink.at(1)).toMatchObject({ text: 'one+two+three', document: { origin: `${server.url}/flags` } })
  answers[3] = { body: 'drei' }
  await until(() => timers.nextIn !== undefined, 'the next attempt')
  await timers.advance(timers.nextIn ?? 0)
  expect(await sink.at(2)).toMatchObject({ text: 'one+two+drei' })
  expect(server.requests).toHaveLength(6)
  for (const { headers } of server.requests) {
    expect(headers['x-key']).toBe('secret')
    expect(headers).not.toHaveProperty('if-modified-since')
  }
})

test('a single page is the document, with its validators', async () => {
  const { server, sink, timers } = await serving({ 1: { body: 'one' } })
  expect(await sink.at(1)).toMatchObject({ text: 'one' })
  await until(() => timers.nextIn !== undefined, 'the next attempt')
  await timers.advance(timers.nextIn ?? 0)
  await sink.at(2)
  expect(server.requests[1]?.headers['if-modified-since']).toBe('Fri, 20 Nov 2026 10:00:00 GMT')
})

test('a page that is missing fails the whole document', async () => {
  const { sink } = await serving({ 1: { body: 'one', link: '?page=2' } })
  expect(await sink.failureAt(1)).toMatchObject({ kind: 'status', status: 500 })
})

test('circles, other hosts and too much together are refused', async () => {
  const circle = await serving({ 1: { body: 'one', link: '?page=2' }, 2: { body: 'two', link: '?page=2' } })
  expect(await circle.sink.failureAt(1)).toMatchObject({ kind: 'protocol' })
  const elsewhere = await httpUpstream((_, response) => response.end('stolen'))
  open.push(elsewhere)
  const away = await serving({ 1: { body: 'one', link: `${elsewhere.url}/flags` } })
  expect(await away.sink.failureAt(1)).toMatchObject({ kind: 'protocol' })
  expect(elsewhere.seen).toBe(0)
  const large = await serving({ 1: { body: 'x'.repeat(60), link: '?page=2' }, 2: { body: 'x'.repeat(60) } })
  expect(await large.sink.failureAt(1)).toMatchObject({ kind: 'too-large' })
})
