/**
 * The WebSocket over real sockets against a server that the vendor's own SDK accepts: tokens, full and patch, what is
 * missed while the whole is on its way, close codes, and the polls that bridge what the stream cannot.
 */
import { FbClientBuilder, UserBuilder } from '@featbit/node-server-sdk'
import { compile } from '@halyard/engine'
import { afterEach, describe, expect, it } from 'vitest'
import { follow } from '../testing/follow.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { featbit } from './source.ts'
import { FeatBitFeed } from './stream.ts'
import { MockFeatBit, secretOf } from './testing/mock.ts'
import type { Item } from './testing/mock.ts'
import { connectionToken } from './token.ts'

const SECRET = 'v3faJy3RCUO8d-EJiVdN6waRfGjfNan02Ms9c0LiTD6w'

const open: { close(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

/** A flag that answers `value`; `at` is its version, ms. */
function flag(key: string, at: number, value: string = `v${at}`): Item & { readonly key: string } {
  return {
    id: `id-${key}`,
    key,
    variationType: 'string',
    variations: [{ id: 'a', value }],
    isEnabled: true,
    disabledVariationId: 'a',
    targetUsers: [],
    rules: [],
    fallthrough: {
      dispatchKey: null,
      includedInExpt: false,
      variations: [{ id: 'a', rollout: [0, 1], exptRollout: 1 }],
    },
    exptIncludeAllTargets: false,
    isArchived: false,
    updatedAt: new Date(at).toISOString(),
  }
}

const segment = (id: string, at: number): Item & { readonly id: string } => ({
  id,
  name: id,
  included: [],
  excluded: [],
  rules: [],
  isArchived: false,
  updatedAt: new Date(at).toISOString(),
})

async function server(): Promise<MockFeatBit> {
  const mock = await MockFeatBit.start(SECRET)
  open.push(mock)
  mock.put(flag('f', 1))
  return mock
}

function connected(mock: MockFeatBit, change: Partial<UpstreamSettings> = {}) {
  const followed = follow(featbit, { vendor: 'featbit', url: mock.url, secret: SECRET, ...change }, { seed: 3 })
  const { timers, source, documents, when } = followed
  open.unshift({ close: () => source.stop() })
  mock.now = () => timers.now()
  /** Until the newest document is what the server holds. */
  const inStep = async (): Promise<void> =>
    await when(
      () => documents().at(-1) === JSON.stringify({ messageType: 'data-sync', data: mock.dataSince(0) }),
      'the server’s document',
    )
  return { ...followed, inStep }
}

describe('the server of the tests', () => {
  it('is a FeatBit to the vendor’s unmodified SDK: connection, whole, change', async () => {
    const mock = await server()
    const logger = { error() {}, warn() {}, info() {}, debug() {} }
    const client = new FbClientBuilder()
      .sdkKey(SECRET)
      .streamingUri(mock.url.replace('http', 'ws'))
      .eventsUri(mock.url)
      .logger(logger)
      .build()
    open.unshift({ close: () => client.close() })
    await client.waitForInitialization()
    const user = new UserBuilder('u1').build()
    const value = async (): Promise<string> => await client.stringVariation('f', user, 'default')
    expect(await value()).toBe('v1')
    const updated = new Promise<void>((resolve) => void client.on('update', () => resolve()))
    mock.put(flag('f', 5))
    await updated
    expect(await value()).toBe('v5')
  })
})

describe('the token', () => {
  it('holds the secret and the time so that the server finds them, wherever they are spliced', () => {
    for (let step = 0; step < 100; step++) {
      const token = connectionToken(SECRET, 1_790_000_000_000, step / 100)
      expect(secretOf(token, 1_790_000_029_999)).toBe(SECRET)
      expect(secretOf(token, 1_790_000_030_001)).toBeUndefined()
    }
  })

  it('is written as the vendor’s own tests show', () => {
    expect(secretOf('QBPBHv3faJy3RCUO8d-QQBDDDQBZZQQXHPEJiVdN6waRfGjfNan02Ms9c0LiTD6w', 1_666_018_800_754)).toBe(SECRET)
    for (const refused of ['', ' ', '4chs', '5chars', 'QDUBHYWVkLWNiZT', 'QQQQS123']) {
      expect(secretOf(refused, 0)).toBeUndefined()
    }
  })
})

describe('the stream', () => {
  it('asks for everything, delivers it, and every change after it', async () => {
    const mock = await server()
    mock.putSegment(segment('s', 1))
    const { documents, inStep, source } = connected(mock)
    await inStep()
    expect(mock.heard[0]).toBe('{"messageType":"data-sync","data":{"timestamp":0}}')
    mock.put(flag('g', 2))
    await inStep()
    mock.put({ ...flag('f', 3), isArchived: true })
    mock.putSegment(segment('s', 4))
    await inStep()
    expect(source.status()).toMatchObject({ state: 'live', consecutiveFailures: 0 })
    const { ruleset, problems } = compile({ dialect: 'featbit', document: documents().at(-1) ?? '' })
    expect(problems).toEqual([])
    expect(ruleset.evaluate('g', { targetingKey: 'u1' }).value).toBe('v2')
    expect(mock.connections).toBe(1)
  })

  it('shows that it lives every 18 s, and lives as long as it is answered', async () => {
    const mock = await server()
    const { inStep, timers, when } = connected(mock)
    await inStep()
    for (let beat = 1; beat <= 5; beat++) {
      await timers.advance(18_000)
      await when(() => mock.heard.filter((text) => text.includes('ping')).length >= beat, 'a ping')
    }
    expect(mock.heard).toContain('{"messageType":"ping","data":null}')
    expect(mock.connections).toBe(1)
  })

  it('notices a deletion, which is never told, within half an hour', { timeout: 30_000 }, async () => {
    const mock = await server()
    mock.put(flag('gone', 1))
    const { inStep, timers, when } = connected(mock)
    await inStep()
    mock.flags.delete('gone')
    for (let beat = 1; beat <= 100; beat++) {
      await timers.advance(18_000)
      await when(() => mock.heard.length > beat, 'a ping')
    }
    await inStep()
    expect(mock.connections).toBe(1)
  })

  it('loses no change that the whole document on its way does not know', async () => {
    const mock = await server()
    mock.mute = true
    const { inStep, when } = connected(mock)
    await when(() => mock.heard.length === 1, 'the question')
    const before = mock.dataSince(0)
    mock.put(flag('f', 9))
    mock.put(flag('new', 9))
    mock.say(JSON.stringify({ messageType: 'data-sync', data: before }))
    await inStep()
  })

  it('takes a change that comes twice or late for what it is', async () => {
    const mock = await server()
    mock.put(flag('f', 10, 'newest'))
    const { inStep, documents, timers } = connected(mock)
    await inStep()
    const data = { eventType: 'patch', featureFlags: [flag('f', 5, 'old'), flag('f', 10, 'twice')], segments: [] }
    mock.say(JSON.stringify({ messageType: 'data-sync', data }))
    mock.put(flag('g', 11))
    await inStep()
    await timers.advance(1_000)
    expect(documents()).toHaveLength(2)
    expect(documents()[1]).toContain('newest')
  })

  it.each(['{', '{"messageType":"data-sync","data":{"eventType":"patch","featureFlags":[{}],"segments":[]}}'])(
    'connects anew after %s, and asks for everything',
    async (text) => {
      const mock = await server()
      const { inStep, when, sink } = connected(mock)
      await inStep()
      mock.put(flag('missed', 2), false)
      mock.say(text)
      await when(() => mock.connections === 2, 'the next connection')
      await inStep()
      expect(sink.events.some((event) => event.kind === 'failed' && event.error.kind === 'protocol')).toBe(true)
    },
  )

  it('ignores messages and events that it does not know', async () => {
    const mock = await server()
    const { inStep, sink } = connected(mock)
    await inStep()
    mock.say('{"messageType":"news","data":1}')
    mock.say('{"messageType":"data-sync","data":{"eventType":"half"}}')
    mock.put(flag('g', 2))
    await inStep()
    expect(sink.events.filter((event) => event.kind === 'failed')).toEqual([])
  })
})

describe('close codes', () => {
  it('4003 is no end: it says secret or clock, polls go on, and later connections are tried', async () => {
    const mock = await server()
    mock.refuse = 4003
    const { sink, inStep, when, source } = connected(mock)
    const error = await sink.failureAt(1)
    expect(error.kind).toBe('unauthorized')
    expect(error.message).toContain('clocks')
    expect(error.message).not.toContain(SECRET)
    await inStep()
    expect(source.status().state).toBe('live')
    mock.refuse = undefined
    await when(() => mock.sockets.size === 1, 'the connection after all')
    mock.put(flag('g', 2))
    await inStep()
  })

  it('a clock that is a minute wrong is refused, and polls go on', async () => {
    const mock = await server()
    const { sink, inStep } = connected(mock)
    const { now } = mock
    mock.now = () => now() + 60_000
    expect((await sink.failureAt(1)).message).toContain('4003')
    await inStep()
  })

  it.each([1000, 1001, 1011, 1012])('%i means come back', async (code) => {
    const mock = await server()
    const { inStep, when, timers } = connected(mock)
    await inStep()
    await timers.advance(10_000)
    for (const socket of mock.sockets) socket.close(code)
    mock.put(flag('missed', 2), false)
    await when(() => mock.connections === 2, 'the next connection')
    await inStep()
  })
})

it('holds a bounded amount of changes while the whole document does not come', () => {
  const patch = (size: number): string => {
    const data = { eventType: 'patch', featureFlags: [flag('f', 2, 'x'.repeat(size))], segments: [] }
    return JSON.stringify({ messageType: 'data-sync', data })
  }
  const patches = (size: number, maxBytes?: number): number => {
    const feed = new FeatBitFeed(maxBytes)
    feed.opened()
    feed.hello()
    const data = patch(size)
    for (let count = 1; count <= 20_000; count++) {
      try {
        feed.event({ type: 'message', data, id: '' })
      } catch (error) {
        expect(error).toMatchObject({ kind: 'protocol' })
        // Asking anew begins anew.
        feed.hello()
        feed.event({ type: 'message', data, id: '' })
        return count
      }
    }
    throw new Error('held for ever')
  }
  expect(patches(10)).toBe(10_001)
  expect(patches(10_000, 100_000)).toBe(10)
})

it('polls where there is no stream', async () => {
  const mock = await server()
  mock.refuse = 1011
  const { inStep, source } = connected(mock)
  await inStep()
  mock.put(flag('g', 2))
  await inStep()
  expect(source.status().state).toBe('live')
})

it.each(['ws', 'http'])('understands %s:// and a path', async (scheme) => {
  const mock = await server()
  const { inStep, when } = connected(mock, { url: `${mock.url.replace('http', scheme)}/base/streaming/` })
  await inStep()
  await when(() => mock.sockets.size === 1, 'the connection')
})

it('never shows the same token twice, and lets go of its sockets', async () => {
  const mock = await server()
  const { inStep, when, source, timers } = connected(mock)
  await inStep()
  for (const socket of mock.sockets) socket.terminate()
  await when(() => mock.connections === 2, 'the next connection')
  expect(new Set(mock.tokens).size).toBe(2)
  await source.stop()
  await when(() => mock.sockets.size === 0, 'the end of the last')
  expect(timers.pending).toBe(0)
})
