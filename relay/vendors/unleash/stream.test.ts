/** The stream over real sockets, against a server that the vendor's own SDK accepts in its streaming mode. */
import { readFileSync } from 'node:fs'
import { InMemStorageProvider, Unleash } from 'unleash-client'
import { afterEach, describe, expect, it } from 'vitest'
import { compileWith } from '../../engine/compile.ts'
import { unleash as dialect } from '../../engine/dialects/unleash/lower.ts'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { until } from '../../upstream/testing/recorder.ts'
import { follow } from '../testing/follow.ts'
import { unleash } from './source.ts'
import { UnleashFeed } from './stream.ts'
import { MockUnleash } from './testing/mock.ts'
import type { State } from './testing/mock.ts'

const TOKEN = '*:production.964a287e1b728cb5f4f3e0120df92cb5'
const DEMO = JSON.parse(readFileSync(new URL('../../../config/flags/unleash.json', import.meta.url), 'utf8')) as State

const open: { close(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds))

async function streaming(state: State = DEMO): Promise<MockUnleash> {
  const mock = await MockUnleash.start([TOKEN], state)
  mock.streamFailing = undefined
  open.push(mock)
  return mock
}

function connected(mock: MockUnleash) {
  const settings = { vendor: 'unleash', url: mock.url, secret: TOKEN }
  const followed = follow(unleash, settings, { seed: 9, step: 500 })
  const { source, sink, when } = followed
  open.unshift({ close: () => source.stop() })
  const latest = (): State | undefined => {
    const text = sink.events.findLast((event) => event.kind === 'document')?.text
    return text === undefined ? undefined : (JSON.parse(text) as State)
  }
  /** Until the newest document holds exactly this. */
  const inStep = (state: State): Promise<void> => when(() => canonical(latest()) === canonical(state), canonical(state))
  const polls = (): number => mock.requests.filter(({ url }) => url?.startsWith('/api/client/features')).length
  return { ...followed, inStep, latest, polls }
}

function canonical(state: State | undefined): string {
  const features = (state?.features ?? []).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return JSON.stringify([features, (state?.segments ?? []).toSorted((a, b) => a.id - b.id)])
}

describe('following', () => {
  it('hydrates with all headers of a poll, compiles to the same flags, and polls nothing', async () => {
    const mock = await streaming()
    const { sink, polls } = connected(mock)
    const first = await sink.at(1)
    const text = first.kind === 'document' ? first.text : ''
    const { ruleset, problems } = compileWith(dialect, { document: text })
    expect(problems).toEqual([])
    expect(ruleset.keys).toEqual(DEMO.features.map(({ name }) => name))
    expect(ruleset.metadata).toEqual({ flagSetId: 'production', version: '1' })
    const [request] = mock.requests
    expect(request?.url).toBe('/api/client/streaming')
    expect(request?.headers).toMatchObject({ authorization: TOKEN, 'unleash-client-spec': '5.2.0' })
    expect(request?.headers['unleash-connection-id']).toMatch(/^[\da-f-]{36}$/)
    expect(polls()).toBe(0)
  })

  it('takes changes, removals and segments, and resumes with only what it missed', async () => {
    const mock = await streaming()
    const { sink, inStep, polls } = connected(mock)
    await sink.at(1)
    const [, second, ...others] = DEMO.features
    const fewer: State = { features: [{ name: 'new' }, { ...second, name: second?.name ?? '' }], segments: [] }
    mock.publish(fewer)
    await inStep(fewer)
    mock.streaming.drop()
    await until(() => mock.streaming.streams === 0, 'the stream to be gone')
    const missed: State = { features: [{ name: 'new' }, ...others], segments: DEMO.segments }
    mock.publish(missed)
    await inStep(missed)
    expect(mock.requests.at(-1)?.headers['last-event-id']).toBe('2')
    expect(polls()).toBe(0)
    expect(sink.words.at(-1)).toContain('"meta":{"revisionId":3}')
  })

  it.each([
    'id: 9\nevent: unleash-updated\ndata: {\n\n',
    'id: 9\nevent: unleash-updated\ndata: {"features":[]}\n\n',
    'id: 9\nevent: unleash-updated\ndata: {"events":[{"type":"feature-updated","feature":{"name":"x"}}]}\n\n',
    'id: 9\nevent: unleash-updated\ndata: {"events":[{"eventId":9,"type":"feature-updated","feature":{}}]}\n\n',
    'id: 9\nevent: unleash-updated\ndata: {"events":[{"eventId":9,"type":"segment-removed","segmentId":null}]}\n\n',
    'id: 9\nevent: unleash-connected\ndata: {"events":[{"eventId":9,"type":"hydration","features":{}}]}\n\n',
  ])('asks for everything again after %j', async (text) => {
    const mock = await streaming()
    const { sink, inStep } = connected(mock)
    await sink.at(1)
    const next: State = { features: [{ name: 'untold' }], segments: [] }
    mock.publish(next, true)
    mock.streaming.write(text)
    expect(await sink.failureAt(2)).toMatchObject({ kind: 'protocol' })
    await inStep(next)
    expect(mock.requests.at(-1)?.headers).not.toHaveProperty('last-event-id')
  })

  it('ignores unknown kinds and repeats; a repeat of one revision later in its list counts', async () => {
    const mock = await streaming({ features: [{ name: 'a' }], segments: [] })
    const { sink, inStep } = connected(mock)
    await sink.at(1)
    const events = [
      { eventId: 5, type: 'feature-updated', feature: { name: 'a', project: 'p1' } },
      { eventId: 5, type: 'feature-updated', feature: { name: 'a', project: 'p2' } },
      { eventId: 4, type: 'feature-updated', feature: { name: 'a', project: 'old' } },
      { eventId: 6, type: 'weather-changed' },
    ]
    mock.streaming.write(`event: unleash-updated\ndata: ${JSON.stringify({ events })}\n\nevent: other\ndata: {\n\n`)
    await inStep({ features: [{ name: 'a', project: 'p2' }], segments: [] })
  })

  it('believes no stream that neither resumes nor begins with everything', () => {
    const feed = new UnleashFeed(TOKEN, undefined)
    const connectedWith = (...events: object[]) => feed.event({ type: 'unleash-connected', data: JSON.stringify({ events }), id: '' }) // prettier-ignore
    const change = { eventId: 2, type: 'feature-updated', feature: { name: 'b' } }
    feed.opened(false)
    expect(connectedWith({ eventId: 1, type: 'hydration', features: [{ name: 'a' }] }, change)).toBe('changed')
    feed.opened(true)
    expect(feed.current).toBe(false)
    expect(connectedWith()).toBe('nothing')
    expect(feed.current).toBe(true)
    feed.opened(false)
    expect(() => connectedWith({ ...change, eventId: 3 })).toThrow(/without the whole document/)
    expect(feed.current).toBe(false)
  })

  it('ends in step after 200 random faults (seed 77)', async () => {
    let state: State = { features: [], segments: [] }
    const mock = await streaming(state)
    const { sink, inStep } = connected(mock)
    const random = new FakeTimers({ seed: 77 })
    const below = (n: number): number => Math.floor(random.random() * n)
    await sink.at(1)
    for (let fault = 0; fault < 200; fault += 1) {
      const name = `f${below(6)}`
      const rest = state.features.filter((feature) => feature.name !== name)
      const features = below(3) === 0 ? rest : [...rest, { name, project: `p${fault}` }]
      const segments = below(4) === 0 ? [{ id: below(3), constraints: [{ fault }] }] : state.segments
      state = { features, segments }
      const quietly = below(8) === 0
      mock.publish(state, quietly)
      if (quietly || below(12) === 0) {
        if (below(2) === 0) mock.streaming.write('event: unleash-updated\ndata: {"events":7}\n\n')
        else mock.streaming.drop()
      }
      if (below(8) === 0) await inStep(state)
    }
    await inStep(state)
    expect(mock.streaming.opened).toBeGreaterThan(8)
  })
})

describe('servers that do not stream', () => {
  it.each([404, 501, 429, 403])('are polled after %i, and followed when they do', async (status) => {
    const mock = await streaming()
    mock.streamFailing = status
    const { sink, timers, inStep, polls } = connected(mock)
    expect(await sink.failureAt(1)).toMatchObject({ status })
    expect((await sink.at(2)).kind).toBe('document')
    expect(polls()).toBe(1)
    mock.streamFailing = undefined
    for (let step = 0; step < 400 && mock.streaming.streams === 0; step += 1)
      await timers.advance(2_000).then(() => pause(2))
    const next: State = { features: [{ name: 'told' }], segments: [] }
    mock.publish(next)
    await inStep(next)
  })

  it('are polled when they ask for it', async () => {
    const mock = await streaming()
    const { sink, polls } = connected(mock)
    await sink.at(1)
    mock.streaming.write('event: fetch-mode\ndata: polling\n\n')
    expect(await sink.failureAt(2)).toMatchObject({ kind: 'not-found' })
    await until(() => polls() === 1, 'the poll')
  })
})

it('the server of these tests streams to the vendor’s unmodified SDK', async () => {
  const feature = (name: string): State['features'][number] => ({ ...DEMO.features[0], name })
  const mock = await streaming({ features: [feature('a')], segments: DEMO.segments })
  const client = new Unleash({
    appName: 'shop',
    url: `${mock.url}/api`,
    customHeaders: { Authorization: TOKEN },
    metricsInterval: 1_000_000,
    storageProvider: new InMemStorageProvider(),
    skipInstanceCountWarning: true,
    experimentalMode: { type: 'streaming' },
  })
  const errors: unknown[] = []
  client.on('error', (error) => errors.push(error))
  open.unshift({ close: () => client.destroy() })
  const names = (): string => client.getFeatureToggleDefinitions().map(({ name }) => name).sort().join() // prettier-ignore
  await until(() => names() === 'a', 'the hydration')
  mock.publish({ features: [feature('a'), feature('b')], segments: DEMO.segments })
  await until(() => names() === 'a,b', 'the change')
  mock.publish({ features: [feature('b')], segments: DEMO.segments })
  await until(() => names() === 'b', 'the removal')
  expect(errors).toEqual([])
  expect(mock.requests.some(({ url }) => url?.startsWith('/api/client/features'))).toBe(false)
})
