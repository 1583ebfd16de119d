/** A small seeded run against the vendor's SDK, and proof that every exception still shows what it claims. */
import { expect, it } from 'vitest'
import { runDifferential, staleExceptions } from '../../testing/differential.ts'
import { differential } from './testing/differential.ts'

const seed = 20261120

it(`answers as the vendor's SDK (seed ${seed})`, { timeout: 60_000 }, async () => {
  const report = await runDifferential(differential, { seed, evaluations: 3_000 })
  expect(report.difference).toBeUndefined()
  expect(report.evaluations).toBeGreaterThanOrEqual(3_000)
})

it('has no exception that no longer shows', async () => {
  expect(await staleExceptions(differential)).toEqual([])
})
