/** Against an OFREP server that is no Halyard relay: bulk answers, its change notices, and polling as the last resort. */
import { OpenFeature } from '@openfeature/web-sdk'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventStream, noticeQuery } from './notices.ts'
import { settled } from './testing/fake-clock.ts'
import { FakePage } from './testing/page.ts'
import { ScriptedRelay, flag, json } from './testing/scripted-relay.ts'

let relay: ScriptedRelay
let page: FakePage
const BULK = '/ofrep/v1/evaluate/flags'

beforeEach(() => {
  relay = new ScriptedRelay(() => [flag('dark', true)])
  relay.streams = false
  page = new FakePage(relay, { cache: false, key: 'k', url: 'http://relay.example/' })
})
afterEach(() => OpenFeature.clearProviders())

it('listens to its change notices, and asks again as they say', async () => {
  relay.eventStreams = [
    { type: 'other', url: 'http://relay.example/other' },
    { type: 'sse', url: 'http://relay.example/notices' },
  ]
  expect(await page.start()).toBeUndefined()
  await settled()
  expect(relay.paths()).toEqual(['/v1/stream', BULK, '/notices', BULK])
  // The address of the stream carries its own credentials.
  expect(relay.requests[2]?.headers.has('authorization')).toBe(false)
  expect(relay.requests[3]?.headers.get('if-none-match')).toBe('"1-2"')

  relay.change(() => [flag('dark', false)])
  relay.change(() => [flag('dark', false), flag('fresh', 1)])
  await page.clock.advance(100)
  expect(relay.paths().slice(4)).toEqual([`${BULK}?flagConfigEtag=%223%22`])
  expect(page.takeEvents()).toEqual(['READY', 'CONFIGURATION_CHANGED dark,fresh'])

  relay.drop()
  relay.change(() => [flag('dark', true)])
  await page.clock.advance(5_000)
  expect(relay.notices).toBe(1)
  expect(page.takeEvents()).toEqual(['CONFIGURATION_CHANGED dark,fresh'])
})

it('polls where there are no notices, and not faster than told', async () => {
  await page.start()
  expect(relay.paths()).toEqual(['/v1/stream', BULK])
  relay.change(() => [flag('dark', false)])
  await page.clock.advance(59_999)
  expect(relay.requests.length).toBe(2)
  await page.clock.advance(1)
  expect(page.takeEvents()).toEqual(['READY', 'CONFIGURATION_CHANGED dark'])
  await page.clock.advance(600_000)
  expect(relay.requests.length).toBe(13)
})

it('does not poll when told so, but asks when the network changes', async () => {
  page = new FakePage(relay, { cache: false, pollMs: 0, stream: false })
  await page.start()
  await page.clock.advance(3_600_000)
  expect(relay.paths()).toEqual([BULK])
  page.window.dispatchEvent(new Event('online'))
  await settled()
  expect(relay.paths()).toEqual([BULK, BULK])
})

it('polls where the notices cannot be had', async () => {
  relay.eventStreams = [{ type: 'sse', endpoint: { requestUri: '/nowhere' } }]
  await page.start()
  await settled()
  expect(relay.requests[2]?.path).toBe('/nowhere')
  expect(relay.requests[2]?.headers.get('authorization')).toBe('Bearer k')
  relay.change(() => [flag('dark', false)])
  await page.clock.advance(60_000)
  expect(page.takeEvents()).toEqual(['READY', 'CONFIGURATION_CHANGED dark'])
  expect(page.client.providerStatus).toBe('READY')
})

it('is told by a failing poll as by a broken stream', async () => {
  await page.start()
  relay.intercept = () => json(502, 'bad gateway')
  await page.clock.advance(75_000)
  relay.intercept = () => undefined
  await page.clock.advance(60_000)
  expect(page.takeEvents()).toEqual(['READY', 'STALE', 'READY'])
})

it('falls back where something holds streams back, and tries them again later', async () => {
  relay.streams = true
  relay.intercept = ({ path }) => (path === '/v1/stream' ? new Promise(() => undefined) : undefined)
  const started = page.start()
  await page.clock.advance(10_000)
  expect(await started).toBeUndefined()
  await settled()
  expect(page.provider.health().state).toBe('ready')
  await page.clock.advance(120_000)
  expect(relay.paths().filter((path) => path === '/v1/stream').length).toBe(1)
})

it('reads only notices that it understands', () => {
  expect(noticeQuery('{"type":"refetchEvaluation"}')).toBe('?')
  expect(noticeQuery('{"type":"refetchEvaluation","lastModified":5}')).toBe('?flagConfigLastModified=5')
  expect(noticeQuery('{"type":"somethingElse"}')).toBeUndefined()
  expect(noticeQuery('hello')).toBeUndefined()
  expect(noticeQuery('null')).toBeUndefined()
})

it.each([
  [undefined, undefined],
  [[], undefined],
  [[{ type: 'ws', url: 'x' }], undefined],
  [[{ type: 'sse' }], undefined],
  [[{ type: 'sse', endpoint: { requestUri: '/e' } }], { url: 'http://a:1/e', ours: true }],
  [[{ type: 'sse', endpoint: { origin: 'http://b', requestUri: '/e' } }], { url: 'http://b/e', ours: false }],
])('finds the stream of %j', (eventStreams, expected) => {
  expect(eventStream({ eventStreams }, 'http://a:1/base')).toEqual(expected)
})
