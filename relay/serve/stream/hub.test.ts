import { describe, expect, it } from 'vitest'
import { HandMadeEnvironment } from '../testing/environment.ts'
import { attach } from '../testing/outlet.ts'
import { open } from '../testing/rig.ts'
import type { TestDocument } from '../testing/rules.ts'
import { StreamBench } from '../testing/stream-bench.ts'
import { History } from './history.ts'

const valued = (value: number, filler = 0): TestDocument => ({
  flags: { one: { variants: { a: value, filler: 'x'.repeat(filler) }, serve: 'a' } },
})

function bench(document: TestDocument): { readonly environment: HandMadeEnvironment; readonly bench: StreamBench } {
  const environment = new HandMadeEnvironment('test', document)
  return { environment, bench: new StreamBench({ environments: [open(document, { environment })] }) }
}

describe('a rule whose time came while nobody listened', () => {
  const from = 1_800_000_010_000
  const scheduled: TestDocument = { flags: { one: { variants: { a: 1 }, serve: 'a', from } } }

  it('is answered as of now to the first who comes', async () => {
    const { bench: streams } = bench(scheduled)
    await streams.timers.advance(20_000)
    const client = await streams.open({ path: '/v1/stream' })
    expect(client.text()).toContain('"reason":"STATIC"')
    expect(client.text().match(/^retry:/)).not.toBeNull()
    expect(client.text().match(/event: /g)).toHaveLength(1)
  })

  it('has the id of a notice that replicas with listeners have', async () => {
    const { bench: watched } = bench(scheduled)
    await watched.open({ path: '/ofrep/v1/events' })
    const { bench: alone } = bench(scheduled)
    for (const each of [watched, alone]) await each.timers.advance(20_000)
    const ids: (string | undefined)[] = []
    for (const each of [watched, alone]) {
      ids.push(/^id: (.*)/m.exec((await each.open({ path: '/ofrep/v1/events' })).text())?.[1])
    }
    expect(ids[0]).toMatch(/\.1800000010000$/)
    expect(ids[1]).toBe(ids[0])
  })
})

it('a change is evaluated once for two clients as for a hundred', async () => {
  for (const count of [1, 2, 3, 100]) {
    const { environment, bench: streams } = bench(valued(1))
    for (let client = 0; client < count; client++) await streams.open({ path: '/v1/stream' })
    const before = await streams.metric('halyard_evaluations_total')
    environment.swap(valued(2))
    await streams.timers.advance(100)
    expect((await streams.metric('halyard_evaluations_total')) - before, `${count} clients`).toBe(1)
  }
})

describe('what is kept for those who come back', () => {
  it('is bounded also while changes come faster than the window of notices', async () => {
    const { environment, bench: streams } = bench(valued(0))
    await streams.open({ path: '/ofrep/v1/events' })
    await streams.open({ path: '/v1/stream' })
    const { history } = streams.hubs.of(streams.tenants.list()[0] ?? expect.unreachable())
    const revisions: string[] = []
    for (let change = 1; change <= 60; change++) {
      revisions.push(environment.swap(valued(change, 500_000)).ruleset.revision)
      await streams.timers.advance(500)
    }
    const kept = revisions.filter((revision) => history.find(revision) !== undefined)
    expect(kept.length * 500_000).toBeLessThanOrEqual(4_194_304)
    expect(kept).toEqual(revisions.slice(-kept.length))
    expect(kept.length).toBeGreaterThan(1)
  })

  it('is at least the point before, for the change that is under way', () => {
    const environment = new HandMadeEnvironment('test')
    const history = new History(10)
    for (const value of [1, 2, 3]) {
      const snapshot = environment.swap(valued(value))
      history.add({ revision: snapshot.ruleset.revision, epoch: 1, version: value, at: 0, snapshot })
    }
    const kept = (): boolean[] =>
      [1, 2, 3].map((value) => history.find(environment.swap(valued(value)).ruleset.revision) !== undefined)
    expect(kept()).toEqual([false, true, true])
    history.trim()
    expect(kept()).toEqual([false, false, true])
  })
})

describe('an environment that is gone and back', () => {
  it.each(['/v1/stream', '/v1/document/stream'] as const)('serves whoever waited on %s meanwhile', async (path) => {
    const { environment, bench: streams } = bench(valued(1))
    const other = open(valued(9), { name: 'other' })
    const test = open(valued(1), { environment })
    const waiting = streams.ask({ path, lastEventId: '1.9.newer.abc' })
    streams.reload([other])
    streams.reload([test])
    await streams.timers.advance(1_000)
    const client = attach(await waiting)
    environment.swap(valued(2))
    await streams.timers.advance(100)
    expect(client.text()).toContain(':2')
    // Nothing goes on beside the sweep and the wait for a clock in the rules of those who are served.
    client.leave()
    streams.hubs.stop()
    expect(streams.timers.pending).toBe(0)
  })
})
