import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { open, startRig } from '../testing/rig.ts'
import type { TestDocument } from '../testing/rules.ts'
import { BodyCache } from './body-cache.ts'

const tag = (index: number): string => hash('sha256', `${index}`, 'base64url').slice(0, 32)
const body = (length: number): { bytes: Buffer; reasons: [] } => ({ bytes: Buffer.alloc(length), reasons: [] })

describe('bulk answers kept for others', () => {
  it('keeps what is offered twice, and nothing of what comes once', () => {
    const cache = new BodyCache(1_000_000)
    for (let index = 0; index < 10_000; index++) cache.offer(tag(index), body(10))
    expect(Array.from({ length: 10_000 }, (_, index) => cache.get(tag(index))).filter(Boolean)).toEqual([])
    const kept = body(10)
    cache.offer(tag(1), body(10))
    cache.offer(tag(1), kept)
    expect(cache.get(tag(1))).toBe(kept)
  })

  it('stays within its bytes, and keeps nothing when it has none', () => {
    const cache = new BodyCache(100_000)
    const none = new BodyCache(0)
    for (let index = 0; index < 200; index++) {
      for (const one of [cache, none]) for (let twice = 0; twice < 2; twice++) one.offer(tag(index), body(1_000))
    }
    const kept = Array.from({ length: 200 }, (_, index) => cache.get(tag(index))).filter(Boolean).length
    expect(kept).toBeGreaterThan(30)
    expect(kept * 1_000).toBeLessThanOrEqual(100_000)
    expect(none.get(tag(199))).toBeUndefined()
  })

  it('is never seen in an answer, only in the count', async () => {
    const document: TestDocument = {
      flags: {
        plan: {
          variants: { a: 'free', b: 'pro' },
          serve: 'a',
          rules: [{ attribute: 'plan', equals: 'pro', serve: 'b' }],
        },
        secret: { variants: { a: 1 }, serve: 'a', serverOnly: true },
      },
    }
    const keys = { server: [{ secret: 's' }], client: [{ secret: 'c' }], admin: [] }
    const rig = await startRig({ environments: [open(document, { keys })] })
    const answers = new Map<string, Set<string>>()
    for (let round = 0; round < 6; round++) {
      for (const key of ['s', 'c']) {
        for (const plan of ['pro', 'free', 1]) {
          const response = await rig.post(
            '/ofrep/v1/evaluate/flags',
            { context: { plan, round } },
            { 'X-API-Key': key },
          )
          const seen = answers.get(`${key} ${plan}`) ?? new Set()
          answers.set(`${key} ${plan}`, seen.add(await response.text()))
        }
      }
    }
    expect([...answers.values()].map((seen) => seen.size)).toEqual([1, 1, 1, 1, 1, 1])
    expect(new Set([...answers.values()].flatMap((seen) => Array.from(seen))).size).toBe(4)
    const metrics = await rig.metrics.text()
    expect(metrics).toContain('halyard_evaluations_total{environment="test",reason="TARGETING_MATCH"} 12')
    expect(metrics).toContain('halyard_evaluations_total{environment="test",reason="STATIC"} 18')
    await rig.stop()
  })
})
