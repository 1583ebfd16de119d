/** A small run against the plain reading of the rules; `npm run fuzz` runs the long one. */
import { expect, it } from 'vitest'
import { runDifferential, staleExceptions } from '../../testing/differential.ts'
import { differential } from './testing/differential.ts'

const SEED = 20_261_120

it(`answers as the rules say (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const report = await runDifferential(differential, { seed: SEED, evaluations: 3_000 })
  expect(report.difference).toBeUndefined()
  expect(report.evaluations).toBeGreaterThanOrEqual(3_000)
})

it('has no exception that no longer shows a difference', async () => {
  expect(await staleExceptions(differential)).toEqual([])
})
