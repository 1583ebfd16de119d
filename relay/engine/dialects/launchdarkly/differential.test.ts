/** Small runs against the vendor's SDK; `npm run fuzz` runs the long ones. */
import { expect, it } from 'vitest'
import { runDifferential, staleExceptions } from '../../testing/differential.ts'
import { native, openfeature } from './testing/differential.ts'

const SEED = 20_261_120

it.each([
  ['OpenFeature’s form', openfeature],
  ['the vendor’s form', native],
])(`answers as npm SDK 9.13.7, contexts in %s (seed ${SEED})`, { timeout: 120_000 }, async (_, differential) => {
  const report = await runDifferential(differential, { seed: SEED, evaluations: 3_000 })
  expect(report.difference).toBeUndefined()
  expect(report.evaluations).toBeGreaterThanOrEqual(3_000)
})

it('has no exception that no longer shows a difference', async () => {
  expect(await staleExceptions(openfeature)).toEqual([])
  expect(await staleExceptions(native)).toEqual([])
})
