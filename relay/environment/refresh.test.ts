/** The pipeline's rules: last known good survives everything, nothing wrong-looking is served, stores never gate. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Generation } from '../store/store.ts'
import { FakeTimers } from '../upstream/fake-timers.ts'
import type { RefreshEvents } from './refresh.ts'
import { RefreshedEnvironment } from './refresh.ts'
import { ScriptedSource, ScriptedStore } from './testing/scripted.ts'

type Log = string[]

function flags(...keys: string[]): object {
  const entries = keys.map((key) => [
    key,
    { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' },
  ])
  return { flags: Object.fromEntries(entries) }
}

function generation(document: object, version: number, epoch = 1): Generation {
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { environment: 'shop', epoch, version, sha256, dialect: 'flagd', savedAt: 1, receivedAt: 1, bytes }
}

interface Rig {
  readonly environment: RefreshedEnvironment
  readonly source: ScriptedSource
  readonly timers: FakeTimers
  readonly log: Log
  readonly keys: () => readonly string[] | undefined
}

function rig(stores: ScriptedStore[] = []): Rig {
  const log: Log = []
  const events: RefreshEvents = {
    swapped: ({ after }) => log.push(`swapped ${after.epoch}.${after.version} from ${after.loadedFrom}`),
    quarantined: (_, { reason }) => log.push(`quarantined: ${reason}`),
    rejected: (_, message) => log.push(`rejected: ${message}`),
    upstreamFailed: (_, message) => log.push(`upstream: ${message}`),
    storeFailed: (_, store, message) => log.push(`${store}: ${message}`),
    listenerFailed: (_, message) => log.push(`listener: ${message}`),
  }
  const source = new ScriptedSource()
  const timers = new FakeTimers()
  const environment = new RefreshedEnvironment({
    name: 'shop',
    vendor: 'flagd',
    dialect: 'flagd',
    options: {},
    connect: () => source,
    stores,
    plausibility: { maxShrink: 0.5, maxGrowth: 4, confirmations: 3, confirmAfterMs: 60_000 },
    staleAfterMs: 30_000,
    timers,
    events,
  })
  return { environment, source, timers, log, keys: () => environment.snapshot()?.ruleset.keys }
}

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe('a document that cannot be used', () => {
  it.each(['', '{', '[]', '{}', '"text"', '{"flags":5}', '\u0000', '{"flags":'.repeat(9)])(
    '%j leaves the good one',
    async (bad) => {
      const { environment, source, timers, log, keys } = rig()
      await environment.start()
      source.deliver(flags('a', 'b'), timers.now())
      source.deliver(bad, timers.now())
      expect(keys()).toEqual(['a', 'b'])
      expect(log.at(-1)).toMatch(/^rejected: /)
      expect(environment.status().rejected).toBeDefined()
    },
  )

  it('cut off at every byte never replaces the whole one', async () => {
    const { environment, source, timers } = rig()
    await environment.start()
    const whole = JSON.stringify(flags('a', 'b', 'c'))
    source.deliver(whole, timers.now())
    const sha256 = environment.snapshot()?.sha256
    for (let length = 0; length < whole.length; length++) source.deliver(whole.slice(0, length), timers.now())
    expect(environment.snapshot()?.sha256).toBe(sha256)
  })

  it('makes the environment stale although the upstream goes on answering', async () => {
    const { environment, source, timers } = rig()
    await environment.start()
    source.deliver(flags('a'), timers.now())
    source.deliver('{', timers.now())
    await timers.advance(30_000)
    source.unchanged(timers.now())
    expect(environment.status().state).toBe('stale')
    source.deliver(flags('a'), timers.now())
    expect(environment.status()).toMatchObject({ state: 'ready' })
    expect(environment.status()).not.toHaveProperty('rejected')
  })
})

describe('a document that looks wrong', () => {
  const four = flags('a', 'b', 'c', 'd')
  const huge = flags(...Array.from({ length: 2000 }, (_, index) => `flag-${index}`), 'a', 'b', 'c', 'd')

  it.each([
    ['has no flags', flags(), /no flags/],
    ['lost more than half', flags('a'), /3 of 4 flags are gone/],
    ['grew more than fourfold', huge, /grew from/],
  ])('because it %s waits', async (_, document, reason) => {
    const { environment, source, timers, keys } = rig()
    await environment.start()
    source.deliver(four, timers.now())
    source.deliver(document, timers.now())
    expect(keys()).toEqual(['a', 'b', 'c', 'd'])
    expect(environment.status().quarantine?.reason).toMatch(reason)
  })

  it('is believed when the upstream insists long and often enough, by 304 as well', async () => {
    const { environment, source, timers, keys, log } = rig()
    await environment.start()
    source.deliver(four, timers.now())
    source.deliver(flags('a'), timers.now())
    source.unchanged(timers.now())
    source.unchanged(timers.now())
    expect(keys()).toHaveLength(4)
    await timers.advance(59_999)
    source.unchanged(timers.now())
    expect(keys()).toHaveLength(4)
    await timers.advance(1)
    source.unchanged(timers.now())
    expect(keys()).toEqual(['a'])
    expect(log.filter((line) => line.startsWith('quarantined'))).toHaveLength(1)
    expect(environment.status()).not.toHaveProperty('quarantine')
  })

  it('is believed when an operator confirms exactly it', async () => {
    const { environment, source, timers, keys } = rig()
    await environment.start()
    source.deliver(four, timers.now())
    source.deliver(flags('a'), timers.now())
    expect(() => environment.operations.confirm('another')).toThrow('another document waits')
    expect(environment.operations.confirm().by).toBe('this replica')
    expect(keys()).toEqual(['a'])
  })

  it('is forgotten when the upstream comes to its senses', async () => {
    const { environment, source, timers, keys } = rig()
    await environment.start()
    source.deliver(four, timers.now())
    source.deliver(flags('a'), timers.now())
    source.deliver(four, timers.now())
    expect(environment.status()).not.toHaveProperty('quarantine')
    source.deliver(flags('a', 'b', 'c'), timers.now())
    expect(keys()).toEqual(['a', 'b', 'c'])
  })

  it('right after boot is measured against what was served before', async () => {
    const { environment, source, timers, keys } = rig([new ScriptedStore('disk', async () => [generation(four, 7)])])
    await environment.start()
    source.deliver(flags(), timers.now())
    expect(keys()).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('stores', () => {
  it('give the newest usable generation at boot, before the upstream is asked', async () => {
    const broken = { ...generation(flags('x'), 9), bytes: new TextEncoder().encode('{') }
    const disk = new ScriptedStore('disk', async () => [broken, generation(flags('b'), 8), generation(flags('a'), 7)])
    const redis = new ScriptedStore('redis', async () => [generation(flags('r'), 3, 2)])
    const { environment, source, log, keys } = rig([disk, redis])
    const starting = environment.start()
    expect(source.started).toBe(false)
    await starting
    expect(keys()).toEqual(['r'])
    expect(environment.status()).toMatchObject({ epoch: 2, version: 3, loadedFrom: 'redis' })
    expect(log).toContainEqual(expect.stringMatching(/^disk: stored document is unusable/))
  })

  it('that hang or fail do not keep the upstream from being asked', async () => {
    const hangs = new ScriptedStore('redis', () => new Promise(() => undefined))
    const fails = new ScriptedStore('disk', () => Promise.reject(new Error('no such device')))
    const { environment, source, timers, log, keys } = rig([hangs, fails])
    const starting = environment.start()
    await timers.advance(2_000)
    await starting
    source.deliver(flags('a'), timers.now())
    expect(keys()).toEqual(['a'])
    expect(log).toContain('disk: no such device')
  })

  it('that answer late cannot take the service back, but keep what follows newer than theirs', async () => {
    let answer: (generations: Generation[]) => void = () => undefined
    const slow = new ScriptedStore('redis', () => new Promise((resolve) => (answer = resolve)))
    const { environment, source, timers, keys } = rig([slow])
    const starting = environment.start()
    await timers.advance(2_000)
    await starting
    source.deliver(flags('a'), timers.now())
    answer([generation(flags('old'), 41, 3)])
    await settle()
    expect(keys()).toEqual(['a'])
    expect(environment.status()).toMatchObject({ epoch: 3, version: 42 })
    await environment.stop()
    expect(slow.saved.at(-1)).toMatchObject({ epoch: 3, version: 42 })
  })

  it('are written after the swap, once per document, and their failure costs nothing', async () => {
    const disk = new ScriptedStore('disk')
    const redis = new ScriptedStore('redis')
    redis.down = true
    const { environment, source, timers, log, keys } = rig([disk, redis])
    await environment.start()
    source.deliver(flags('a'), timers.now())
    source.deliver(flags('a'), timers.now())
    source.deliver(flags('a', 'b'), timers.now())
    expect(keys()).toEqual(['a', 'b'])
    await environment.stop()
    expect(disk.saved.map(({ version }) => version)).toEqual([1, 2])
    expect(log.filter((line) => line === 'redis: it is down')).toHaveLength(2)
  })
})

describe('status', () => {
  it('goes from starting to ready to stale and back', async () => {
    const { environment, source, timers } = rig()
    await environment.start()
    expect(environment.status()).toMatchObject({ state: 'starting', flags: 0 })
    source.deliver(flags('a'), timers.now())
    const confirmedAt = timers.now()
    expect(environment.status()).toMatchObject({ state: 'ready', flags: 1, confirmedAt, loadedFrom: 'upstream' })
    await timers.advance(29_999)
    source.fail()
    expect(environment.status().state).toBe('ready')
    await timers.advance(1)
    expect(environment.status()).toMatchObject({ state: 'stale', staleSince: confirmedAt })
    source.unchanged(timers.now())
    expect(environment.status()).toMatchObject({ state: 'ready', confirmedAt: timers.now() })
  })

  it('counts quarantined flags', async () => {
    const { environment, source, timers } = rig()
    await environment.start()
    const document = {
      flags: {
        good: { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on' },
        bad: { variants: { on: true }, defaultVariant: 'no such' },
      },
    }
    source.deliver(document, timers.now())
    expect(environment.status()).toMatchObject({ flags: 2, quarantinedFlags: 1 })
    expect(environment.snapshot()?.ruleset.evaluate('good', {})).toMatchObject({ value: true })
    expect(environment.snapshot()?.ruleset.evaluate('bad', {})).toMatchObject({ errorCode: 'PARSE_ERROR' })
  })
})

describe('subscribers', () => {
  it('hear exact changes, one by one, whatever another listener throws', async () => {
    const { environment, source, timers, log } = rig()
    await environment.start()
    const heard: string[] = []
    environment.subscribe(() => {
      throw new Error('a careless listener')
    })
    const unsubscribe = environment.subscribe(({ after, changes }) => {
      const { added, removed, changed } = changes()
      heard.push(`${after.version}: +${added.join()} -${removed.join()} ~${changed.join()}`)
    })
    source.deliver(flags('a', 'b'), timers.now())
    source.deliver(flags('a', 'c'), timers.now())
    unsubscribe()
    source.deliver(flags('a'), timers.now())
    expect(heard).toEqual(['1: +a,b - ~', '2: +c -b ~'])
    expect(log).toContain('listener: a careless listener')
  })

  it('a stopped environment takes nothing over any more', async () => {
    const { environment, source, timers, keys } = rig()
    await environment.start()
    await environment.stop()
    source.deliver(flags('a'), timers.now())
    expect(keys()).toBe(undefined)
    expect(source.stopped).toBe(true)
  })
})
