/** LaunchDarkly against its Node SDK 9.13.7, with contexts in OpenFeature's form and in the vendor's own. */
import type { Differential } from '../../../testing/differential.ts'
import { launchdarkly } from '../lower.ts'
import { scenarios } from './grammar.ts'
import { ask } from './oracle.ts'
import { exceptions } from './oracle-exceptions.ts'
import { detailOf } from './vendor.ts'

const shared: Omit<Differential, 'scenarios'> = {
  vendor: 'launchdarkly',
  dialect: launchdarkly,
  oracle: ask,
  comparable: (evaluation) => detailOf(evaluation),
  exceptions,
}

export const openfeature: Differential = { ...shared, scenarios: scenarios('openfeature') }
export const native: Differential = { ...shared, scenarios: scenarios('launchdarkly') }
