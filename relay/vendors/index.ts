/** The vendors this relay can talk to. Adding one adds one line here and one folder beside this file. */
import { featbit } from './featbit/source.ts'
import { featurevisor } from './featurevisor/source.ts'
import { flagd } from './flagd/source.ts'
import { launchdarkly } from './launchdarkly/source.ts'
import { unleash } from './unleash/source.ts'
import { flagsmith } from './flagsmith/source.ts'
import { growthbook } from './growthbook/source.ts'
import { goff } from './goff/source.ts'
import { halyard } from './halyard/source.ts'
import type { Vendor } from './vendor.ts'

export const vendors: ReadonlyMap<string, Vendor> = new Map<string, Vendor>([
  [featbit.name, featbit],
  [featurevisor.name, featurevisor],
  [flagd.name, flagd],
  [launchdarkly.name, launchdarkly],
  [unleash.name, unleash],
  [flagsmith.name, flagsmith],
  [growthbook.name, growthbook],
  [goff.name, goff],
  [halyard.name, halyard],
])
