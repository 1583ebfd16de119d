import { describe, expect, it } from 'vitest'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import type { HandMadeEnvironment as Environment } from '../testing/environment.ts'
import { HandMadeEnvironment } from '../testing/environment.ts'
import { attach, MemoryOutlet } from '../testing/outlet.ts'
import { open } from '../testing/rig.ts'
import type { TestDocument } from '../testing/rules.ts'
import { StreamBench } from '../testing/stream-bench.ts'
import type { BenchOptions } from '../testing/stream-bench.ts'
import type { Key } from '../settings.ts'

const PATHS = ['/v1/stream', '/ofrep/v1/events', '/v1/document/stream'] as const

const document = (value: number, bytes = 0): TestDocument => ({
  flags: { one: { variants: { a: value }, serve: 'a' } },
  metadata: { filler: 'x'.repeat(bytes) },
})

interface Setup {
  readonly bench: StreamBench
  readonly environment: Environment
}

function setUp(streams: BenchOptions['streams'] = {}, keys: readonly Key[] = []): Setup {
  const environment = new HandMadeEnvironment('test', document(1))
  const settings = open(document(1), { environment, keys: { server: keys, client: [], admin: [] } })
  const bench = new StreamBench({ environments: [settings], streams: { paceMs: 0, ...streams } })
  return { bench, environment }
}

describe.each(PATHS)('every stream: %s', (path) => {
  it('has a heartbeat, at its own second', async () => {
    const { bench } = setUp({ heartbeatMs: 20_000 })
    const outlets = await Promise.all(Array.from({ length: 50 }, () => bench.open({ path })))
    const before = outlets.map((outlet) => outlet.written.length)
    await bench.timers.advance(10_000)
    const half = outlets.filter((outlet, index) => outlet.written.length > (before[index] ?? 0)).length
    expect(half).toBeGreaterThan(10)
    expect(half).toBeLessThan(40)
    await bench.timers.advance(11_000)
    for (const [index, outlet] of outlets.entries()) {
      const beats = outlet.written.slice(before[index])
      expect(beats.length).toBeGreaterThanOrEqual(1)
      expect(beats.length).toBeLessThanOrEqual(2)
      expect(beats.every((bytes) => bytes.toString() === ':\n\n')).toBe(true)
    }
    // One sweep for all of them, and the wait for a clock in the rules.
    expect(bench.timers.pending).toBeLessThanOrEqual(2)
  })

  it('has a heartbeat every 25 s at least, also when the process is busy and looks at its streams late', async () => {
    class LateTimers extends FakeTimers {
      override setTimeout(callback: () => void, delay: number): object {
        return super.setTimeout(callback, delay + 3 + (this.random() < 0.02 ? 2_500 : 0))
      }
    }
    const bench = new StreamBench({ environments: [open(document(1))], timers: new LateTimers() })
    const outlets = await Promise.all(Array.from({ length: 40 }, () => bench.open({ path })))
    const heard = outlets.map(() => 0)
    let longest = 0
    for (let second = 1; second <= 1_700; second++) {
      const written = outlets.map((outlet) => outlet.written.length)
      await bench.timers.advance(1_000)
      for (const [index, outlet] of outlets.entries()) {
        if (outlet.written.length > (written[index] ?? 0)) heard[index] = second
        longest = Math.max(longest, second - (heard[index] ?? 0))
      }
    }
    expect(longest).toBeLessThanOrEqual(25)
    expect(longest).toBeGreaterThan(15)
  })

  it('never writes to a client that has something to take, and then sends the newest state only', async () => {
    const { bench, environment } = setUp()
    const outlet = await bench.open({ path })
    await bench.timers.advance(20_000)
    const quick = await bench.open({ path })
    outlet.reads = false
    environment.swap(document(2))
    await bench.timers.advance(1)
    const written = outlet.written.length
    for (let value = 3; value <= 30; value++) {
      environment.swap(document(value))
      await bench.timers.advance(1_000)
    }
    expect(outlet.written).toHaveLength(written)
    expect(outlet.pushed).toBe(0)
    expect(await bench.metric('halyard_streams_behind')).toBe(1)
    outlet.reads = true
    outlet.take()
    expect(outlet.written).toHaveLength(written + 1)
    const revision = environment.snapshot()?.ruleset.revision ?? ''
    expect(outlet.written.at(-1)?.toString()).toContain(revision)
    expect(quick.text()).toContain(revision)
    expect(await bench.metric('halyard_streams_behind')).toBe(0)
  })

  it('cuts a client that takes nothing for 30 s, and keeps one that takes a little', async () => {
    const { bench, environment } = setUp({ slowAfterMs: 30_000 })
    const [dead, slow, well] = [await bench.open({ path }), await bench.open({ path }), await bench.open({ path })]
    dead.reads = false
    slow.reads = false
    environment.swap(document(2))
    await bench.timers.advance(1)
    for (let second = 0; second < 29; second++) {
      await bench.timers.advance(1_000)
      if (second % 10 === 0) slow.take(1)
    }
    expect(dead.state).toBe('open')
    await bench.timers.advance(3_000)
    expect([dead.state, slow.state, well.state]).toEqual(['destroyed', 'open', 'open'])
    expect(await bench.metric('halyard_streams_closed_total', { reason: 'slow' })).toBe(1)
    expect(await bench.metric('halyard_streams_open')).toBe(2)
  })

  it('ends between half and all of its age, with a retry of its own, unless its clients would complain', async () => {
    const { bench } = setUp({ maxAgeMs: 100_000 })
    const outlets = await Promise.all(Array.from({ length: 40 }, () => bench.open({ path })))
    await bench.timers.advance(49_000)
    expect(outlets.every(({ state }) => state === 'open')).toBe(true)
    if (path === '/ofrep/v1/events') {
      await bench.timers.advance(1_000_000)
      expect(outlets.every(({ state }) => state === 'open')).toBe(true)
      return
    }
    await bench.timers.advance(26_000)
    const gone = outlets.filter(({ state }) => state === 'ended').length
    expect(gone).toBeGreaterThan(8)
    expect(gone).toBeLessThan(32)
    await bench.timers.advance(27_000)
    expect(outlets.every(({ state }) => state === 'ended')).toBe(true)
    const retries = outlets.map((outlet) => /^retry: (\d+)\n\n$/.exec(outlet.written.at(-1)?.toString() ?? '')?.[1])
    expect(new Set(retries).size).toBeGreaterThan(30)
    expect(await bench.metric('halyard_streams_closed_total', { reason: 'aged' })).toBe(40)
    expect(bench.streams.size).toBe(0)
    // Nobody is there: nobody is looked at.
    expect(bench.timers.pending).toBeLessThanOrEqual(1)
  })

  it('is one of so many of a key, and makes room when it ends', async () => {
    const keys = [{ secret: 'one' }, { secret: 'two' }]
    const { bench } = setUp({ perKey: 2 }, keys)
    const first = await bench.open({ path, key: 'one' })
    await bench.open({ path, key: 'one' })
    const refused = await bench.ask({ path, key: 'one' })
    expect(refused.status).toBe(429)
    expect(Number(refused.headers[refused.headers.indexOf('Retry-After') + 1])).toBeGreaterThanOrEqual(1)
    expect(JSON.parse(String(refused.body))).toHaveProperty('errorDetails')
    expect(await bench.metric('halyard_streams_refused_total')).toBe(1)
    await bench.open({ path, key: 'two' })
    first.leave()
    expect((await bench.ask({ path, key: 'one' })).status).toBe(200)
  })

  it('ends when its key is revoked or expires, and only then', async () => {
    const soon = 1_800_000_000_000 + 5_000
    const { bench, environment } = setUp({}, [
      { secret: 'stays' },
      { secret: 'goes' },
      { secret: 'ends', expiresAt: soon },
    ])
    const [stays, goes, ends] = [
      await bench.open({ path, key: 'stays' }),
      await bench.open({ path, key: 'goes' }),
      await bench.open({ path, key: 'ends' }),
    ]
    await bench.timers.advance(4_000)
    expect(ends.state).toBe('open')
    await bench.timers.advance(2_000)
    expect(ends.state).toBe('ended')
    const left = { server: [{ secret: 'stays' }], client: [], admin: [] }
    bench.reload([open(document(1), { environment, keys: left })])
    expect([stays.state, goes.state]).toEqual(['open', 'destroyed'])
    environment.swap(document(2))
    await bench.timers.advance(1)
    expect(stays.text()).toContain(environment.snapshot()?.ruleset.revision ?? '-')
    expect(await bench.metric('halyard_streams_closed_total', { reason: 'revoked' })).toBe(2)
  })

  it('goes on with the environment that takes the place of its own, and ends with the last', async () => {
    const { bench } = setUp()
    const outlet = await bench.open({ path })
    await bench.timers.advance(20_000)
    const successor = new HandMadeEnvironment('test', document(2))
    bench.reload([open(document(2), { environment: successor })])
    await bench.timers.advance(1)
    expect(outlet.text()).toContain(successor.snapshot()?.ruleset.revision ?? '-')
    successor.swap(document(3))
    await bench.timers.advance(1)
    expect(outlet.text()).toContain(successor.snapshot()?.ruleset.revision ?? '-')
    bench.reload([open(document(1), { name: 'another' })])
    expect(outlet.state).toBe('destroyed')
  })

  it('ends over the window when the relay drains, with those that are opened meanwhile', async () => {
    const { bench } = setUp()
    const outlets = await Promise.all(Array.from({ length: 100 }, () => bench.open({ path })))
    const drained = bench.streams.drain(10_000)
    await bench.timers.advance(5_000)
    const ended = outlets.filter(({ state }) => state === 'ended').length
    expect(ended).toBeGreaterThan(35)
    expect(ended).toBeLessThan(65)
    const late = await bench.open({ path })
    await bench.timers.advance(5_001)
    await drained
    expect([...outlets, late].every(({ state }) => state === 'ended')).toBe(true)
    expect(outlets[99]?.written.at(-1)?.toString()).toMatch(/^retry: \d+\n\n$/)
    expect(await bench.metric('halyard_streams_closed_total', { reason: 'drained' })).toBe(101)
  })

  it('has told every client of a change, and how long that took', async () => {
    const { bench, environment } = setUp()
    const outlets = await Promise.all(Array.from({ length: 500 }, () => bench.open({ path })))
    await bench.timers.advance(20_000)
    environment.swap(document(2))
    await bench.timers.advance(100)
    const revision = environment.snapshot()?.ruleset.revision ?? ''
    expect(outlets.filter((outlet) => outlet.text().includes(revision))).toHaveLength(500)
    expect(await bench.metric('halyard_propagation_seconds', { environment: 'test' })).toBeGreaterThan(0)
  })

  it('leaves nothing behind when clients come and go', async () => {
    const { bench } = setUp()
    for (let round = 0; round < 1_000; round++) (await bench.open({ path })).leave()
    expect(bench.streams.size).toBe(0)
    expect(await bench.metric('halyard_streams_open')).toBe(0)
    expect(await bench.metric('halyard_streams_closed_total', { reason: 'client' })).toBe(1_000)
    expect(bench.timers.pending).toBeLessThanOrEqual(1)
  })
})

it.each(['/v1/stream', '/v1/document/stream'] as const)(
  'a key that is revoked while its client waits for a document opens nothing: %s',
  async (path) => {
    const { bench, environment } = setUp({ catchUpMs: 500 }, [{ secret: 'goes' }])
    const reply = bench.ask({ path, key: 'goes', lastEventId: '1.9.newer' })
    await bench.timers.advance(100)
    bench.reload([open(document(1), { environment, keys: { server: [{ secret: 'other' }], client: [], admin: [] } })])
    await bench.timers.advance(500)
    expect([(await reply).status, bench.streams.size]).toEqual([401, 0])
  },
)

describe('large frames', () => {
  it('are handed over piece by piece, and the newest document follows the one under way', async () => {
    const { bench, environment } = setUp({ pendingBytes: 10_000 })
    environment.swap(document(2, 100_000))
    const outlet = new MemoryOutlet()
    outlet.reads = false
    attach(await bench.ask({ path: '/v1/document/stream' }), outlet)
    for (let value = 3; value < 6; value++) environment.swap(document(value, 100_000))
    while (outlet.pending > 0) {
      expect(outlet.pending).toBeLessThanOrEqual(10_100)
      outlet.take()
    }
    const frames = outlet
      .text()
      .split('\n\n')
      .filter((frame) => frame.includes('event: document'))
    expect(frames).toHaveLength(2)
    expect(frames.map((frame) => frame.includes('"variants":{"a":5}'))).toEqual([false, true])
    expect(outlet.most).toBeLessThanOrEqual(10_100)
  })
})
