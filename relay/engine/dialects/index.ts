/** The dialects this engine speaks. Adding a vendor adds one line here and one folder beside this file. */
import type { Dialect } from '../dialect.ts'
import { featbit } from './featbit/lower.ts'
import { growthbook } from './growthbook/lower.ts'
import { featurevisor } from './featurevisor/lower.ts'
import { unleash } from './unleash/lower.ts'
import { flagd } from './flagd/lower.ts'
import { launchdarkly } from './launchdarkly/lower.ts'
import { flagsmith } from './flagsmith/lower.ts'
import { goff } from './goff/lower.ts'

export const dialects: ReadonlyMap<string, Dialect> = new Map<string, Dialect>([
  [featbit.name, featbit],
  [featurevisor.name, featurevisor],
  [unleash.name, unleash],
  [flagd.name, flagd],
  [launchdarkly.name, launchdarkly],
  [growthbook.name, growthbook],
  [flagsmith.name, flagsmith],
  [goff.name, goff],
])
