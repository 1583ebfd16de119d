/** The dialects this engine speaks. Adding a vendor adds one line here and one folder beside this file. */
import type { Dialect, Wrapper } from '../dialect.ts'
import { featbit } from './featbit/lower.ts'
import { growthbook } from './growthbook/lower.ts'
import { featurevisor } from './featurevisor/lower.ts'
import { unleash } from './unleash/lower.ts'
import { flagd } from './flagd/lower.ts'
import { launchdarkly } from './launchdarkly/lower.ts'
import { flagsmith } from './flagsmith/lower.ts'
import { goff } from './goff/lower.ts'
import { halyard } from './halyard/unwrap.ts'

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

/** Dialects whose documents hold a document of one of the above. */
export const wrappers: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>([[halyard.name, halyard]])
