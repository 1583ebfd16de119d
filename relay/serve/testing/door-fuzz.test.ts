/** A small run of the two doors side by side; `npm run fuzz -- --door` runs a large one. */
import { expect, it } from 'vitest'
import { fuzzDoors } from './door-fuzz.ts'

it('the express lane answers as node:http does (seed 20261120)', async () => {
  const report = await fuzzDoors({ seed: 20261120, requests: 3_000 })
  expect(report.difference).toBe(undefined)
  expect(report.leaked).toBe(0)
  expect(report.served).toBeGreaterThan(500)
  expect(report.handedOver).toBeGreaterThan(500)
}, 120_000)
