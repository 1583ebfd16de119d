/**
 * Overlapping context changes with answers that come late, in any order, from a cache or not at all: at no moment may an
 * evaluation give a value of another context than the one that the application set last.
 */
import { OpenFeature } from '@openfeature/web-sdk'
import { afterEach, expect, it } from 'vitest'
import type { CacheStorage } from './cache.ts'
import { FakePage } from './testing/page.ts'
import { settled } from './testing/fake-clock.ts'
import { ScriptedRelay, flag, json } from './testing/scripted-relay.ts'

afterEach(() => OpenFeature.clearProviders())

/** A small generator, so that a failure can be repeated from its seed. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const first = Number(process.env['HALYARD_SEED'] ?? Math.floor(Math.random() * 1e9))
const SEEDS = Array.from({ length: 40 }, (_, index) => first + index)
const USERS = ['ann', 'bob', 'cleo', 'dora']

it.each(SEEDS)('never shows another context’s values (seed %i)', async (seed) => {
  const random = seeded(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const relay = new ScriptedRelay(({ targetingKey, plan }) => [
    flag('owner', `${String(targetingKey)}/${String(plan)}`),
  ])
  relay.streams = random() < 0.7
  const kept = new Map<string, string>()
  const slow = async (): Promise<void> => {
    for (let turns = Math.floor(random() * 30); turns > 0; turns--) await settled()
  }
  const storage: CacheStorage = {
    get: async (key) => (await slow(), kept.get(key)),
    set: async (key, value) => (await slow(), kept.set(key, value)),
    delete: (key) => kept.delete(key),
  }
  const page = new FakePage(
    relay,
    { cache: random() < 0.7 ? { storage } : false, pollMs: random() < 0.5 ? 1_000 : 0 },
    { random },
  )
  OpenFeature.setLogger({
    error: () => undefined,
    warn: () => undefined,
    info: () => undefined,
    debug: () => undefined,
  })
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void page.clock.setTimeout(resolve, ms))
  relay.deaf = random() < 0.5
  relay.intercept = async ({ signal }) => {
    await wait(random() * 3_000)
    const dice = random()
    if (dice < 0.15) throw new TypeError('Failed to fetch')
    if (dice < 0.25) return json(pick([500, 502, 503]), {}, dice < 0.2 ? { 'retry-after': '1' } : {})
    if (dice < 0.3) return new Response('<html>', { headers: { 'content-type': 'text/html' } })
    if (dice < 0.35) {
      // Never answers, until called off.
      await new Promise((_, reject) => {
        const fail = (): void => reject(signal?.reason as Error)
        if (signal?.aborted) fail()
        signal?.addEventListener('abort', fail)
      })
    }
    return undefined
  }

  let context = { targetingKey: 'ann', plan: 0 }
  const right = (): void => {
    const { value, reason } = page.client.getStringDetails('owner', '-')
    if (value !== '-') expect(`${value} ${reason}`).toContain(`${context.targetingKey}/${context.plan} `)
  }
  const changes: Promise<unknown>[] = [page.start(context)]
  for (let step = 0; step < 40; step++) {
    if (random() < 0.5) {
      context = { targetingKey: pick(USERS), plan: pick([0, 1]) }
      changes.push(page.change(context))
      right()
    }
    if (random() < 0.1) relay.drop(random() < 0.5 ? new TypeError('cut') : undefined)
    if (random() < 0.1) page.show(page.document.visibilityState === 'hidden' ? 'visible' : 'hidden')
    for (let pieces = 0; pieces < 4; pieces++) {
      await page.clock.advance(random() * 500)
      right()
    }
  }

  // The network gets well: whatever had happened, the newest context's values come, and every promise has settled.
  relay.intercept = () => undefined
  page.show('visible')
  await page.clock.advance(120_000)
  await Promise.all(changes)
  expect(page.client.getStringValue('owner', '-')).toBe(`${context.targetingKey}/${context.plan}`)
  expect(page.client.providerStatus).toBe('READY')
})
