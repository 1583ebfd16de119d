/** GrowthBook against its npm SDK 1.8.0: the same payloads, options and users to both. */
import type { Differential } from '../../../testing/differential.ts'
import { growthbook } from '../lower.ts'
import { scenarios } from './grammar.ts'
import { comparable, oracle } from './oracle.ts'
import { exceptions } from './oracle-exceptions.ts'

export const differential: Differential = {
  vendor: 'growthbook',
  dialect: growthbook,
  scenarios,
  oracle: (scenario) => oracle(scenario),
  comparable,
  exceptions,
}
