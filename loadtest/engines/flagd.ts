/** flagd against `@openfeature/flagd-core`, the evaluator inside the in-process providers. */
import { createRequire } from 'node:module'
import type { FlagdCore } from '@openfeature/flagd-core'
import { countriesOf, keys, kindOf, shareOf } from './contender.ts'
import type { Contender } from './contender.ts'

// The package has no exports map that a module could be imported through.
const { FlagdCore: Core } = createRequire(import.meta.url)('@openfeature/flagd-core') as {
  readonly FlagdCore: new (storage: undefined, logger: object) => FlagdCore
}
const ignore = (): void => undefined
const silent = { error: ignore, warn: ignore, info: ignore, debug: ignore }

function targetingOf(index: number): object | undefined {
  const kind = kindOf(index)
  const share = {
    fractional: [
      { cat: [{ var: '$flagd.flagKey' }, { var: 'targetingKey' }] },
      ['on', shareOf(index)],
      ['off', 100 - shareOf(index)],
    ],
  }
  const matches = { and: [{ in: [{ var: 'country' }, countriesOf(index)] }, { '==': [{ var: 'plan' }, 'pro'] }] }
  if (kind === 'everyone') return undefined
  if (kind === 'share') return share
  return { if: [matches, 'on', kind === 'both' ? share : 'off'] }
}

const flags = keys.map((key, index) => {
  const targeting = targetingOf(index)
  const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' }
  return [key, targeting === undefined ? flag : { ...flag, targeting }] as const
})

export const flagd: Contender = {
  dialect: 'flagd',
  document: { flags: Object.fromEntries(flags) },
  flags: keys,
  type: 'boolean',
  asynchronous: false,
  opponent: async (users) => {
    const core = new Core(undefined, silent)
    core.setConfigurations(JSON.stringify(flagd.document))
    return {
      package: '@openfeature/flagd-core',
      ask: (flag, user) => core.resolveBooleanEvaluation(flag, false, users[user] ?? {}, silent).value,
    }
  },
}
