/** All vendors whose npm SDK can be asked. GO Feature Flag has no engine on npm. */
import type { Contender } from './contender.ts'

export const contenders: ReadonlyMap<string, () => Promise<Contender>> = new Map<string, () => Promise<Contender>>([
  ['featbit', async () => (await import('./featbit.ts')).featbit],
  ['featurevisor', async () => (await import('./featurevisor.ts')).featurevisor],
  ['flagd', async () => (await import('./flagd.ts')).flagd],
  ['unleash', async () => (await import('./unleash.ts')).unleash],
  ['growthbook', async () => (await import('./growthbook.ts')).growthbook],
  ['flagsmith', async () => (await import('./flagsmith.ts')).flagsmith],
  ['launchdarkly', async () => (await import('./launchdarkly.ts')).launchdarkly],
])
