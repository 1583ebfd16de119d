import { describe, expect, it } from 'vitest'
import { FakeTimers } from '../upstream/fake-timers.ts'
import { RefreshedEnvironment } from './refresh.ts'
import { Registry } from './registry.ts'
import type { Wanted } from './registry.ts'
import { ScriptedSource } from './testing/scripted.ts'

const nothing = (): void => undefined
const events = {
  swapped: nothing,
  quarantined: nothing,
  rejected: nothing,
  upstreamFailed: nothing,
  storeFailed: nothing,
  listenerFailed: nothing,
}
const document = { flags: { a: { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on' } } }

function wanted(name: string, fingerprint: string, source: ScriptedSource, timers: FakeTimers): Wanted {
  const plausibility = { maxShrink: 0.5, maxGrowth: 4, confirmations: 3, confirmAfterMs: 60_000 }
  return {
    name,
    fingerprint,
    create: (before) =>
      new RefreshedEnvironment({
        ...(before === undefined ? {} : { before: () => before.snapshot() }),
        name,
        vendor: 'flagd',
        dialect: 'flagd',
        options: {},
        connect: () => source,
        stores: [],
        plausibility,
        staleAfterMs: 1,
        timers,
        events,
      }),
  }
}

describe('reconcile', () => {
  it('keeps what is unchanged, starts what is new, stops what is gone', async () => {
    const timers = new FakeTimers()
    const registry = new Registry(timers)
    const [kept, gone, added] = [new ScriptedSource(), new ScriptedSource(), new ScriptedSource()]
    await registry.reconcile([wanted('kept', '1', kept, timers), wanted('gone', '1', gone, timers)], nothing)
    const before = registry.get('kept')
    let stoppedBeforePublish = true
    await registry.reconcile(
      [wanted('kept', '1', new ScriptedSource(), timers), wanted('added', '1', added, timers)],
      () => {
        stoppedBeforePublish = gone.stopped
      },
    )
    expect(registry.get('kept')).toBe(before)
    expect(registry.all().map(({ name }) => name)).toEqual(['kept', 'added'])
    expect([kept.stopped, gone.stopped, added.started, stoppedBeforePublish]).toEqual([false, true, true, false])
  })

  it('replaces a changed environment only when the new one has something to serve', async () => {
    const timers = new FakeTimers()
    const registry = new Registry(timers)
    const [first, second] = [new ScriptedSource(), new ScriptedSource()]
    await registry.reconcile([wanted('shop', '1', first, timers)], nothing)
    first.deliver(document, timers.now())
    const before = registry.get('shop')
    const replacing = registry.reconcile([wanted('shop', '2', second, timers)], nothing)
    await timers.advance(9_000)
    first.deliver({ ...document, metadata: { version: '2' } }, timers.now())
    expect(registry.get('shop')).toBe(before)
    second.deliver(document, timers.now())
    await replacing
    expect(registry.get('shop')).not.toBe(before)
    // What comes next is newer than what was served, also where no store remembers the order.
    expect(registry.get('shop')?.snapshot()).toMatchObject({ epoch: 1, version: 3 })
    expect(first.stopped).toBe(true)
  })

  it('does not wait for ever for the new one', async () => {
    const timers = new FakeTimers()
    const registry = new Registry(timers)
    const first = new ScriptedSource()
    await registry.reconcile([wanted('shop', '1', first, timers)], nothing)
    first.deliver(document, timers.now())
    const before = registry.get('shop')
    const replacing = registry.reconcile([wanted('shop', '2', new ScriptedSource(), timers)], nothing)
    await timers.advance(10_000)
    await replacing
    expect(registry.get('shop')).not.toBe(before)
  })
})
