/**
 * Where the relay answers otherwise than npm SDK 1.3.0 on purpose. Each entry proves itself on every run: both engines
 * must still answer its scenario, and differently.
 */
import type { OracleException, Scenario } from '../../../testing/differential.ts'

const options = { profile: 'node-1.3' }

function withPattern(pattern: string, text: string): Scenario {
  const variations = [{ id: 'v1', rollout: [0, 1], exptRollout: 1 }]
  const rollout = { dispatchKey: null, includedInExpt: false, variations }
  const conditions = [{ property: 'p', op: 'MatchRegex', value: text }]
  const featureFlags = [
    {
      key: 'f1',
      variations: [{ id: 'v1', value: 'x' }],
      isEnabled: true,
      targetUsers: [],
      rules: [{ id: 'r1', name: 'first', conditions, ...rollout }],
      fallthrough: rollout,
    },
  ]
  const questions = [{ key: 'f1', context: { targetingKey: 'u1', p: pattern } }]
  return { document: { featureFlags, segments: [], data: { featureFlags, segments: [] } }, options, now: 0, questions }
}

export const exceptions: readonly OracleException[] = [
  {
    id: 'user-patterns-are-linear',
    why:
      'The SDK compiles the USER’S value as a regular expression (defect N1), so any caller could stop the process ' +
      'with a backtracking pattern. Look-around and back-references have no linear-time answer: they are an error here.',
    shows: {
      scenario: withPattern('(?=a)', 'a'),
      ours: { kind: 'Error' },
      theirs: { kind: 'RuleMatch', rule: 'first', value: 'x', variant: 'v1', send: false },
    },
    covers: ({ context }, { document }, ours) =>
      ours['kind'] === 'Error' &&
      /"(?:Not)?MatchRegex"/.test(JSON.stringify(document)) &&
      /\(\?[=!]|\(\?<[=!]|\\[1-9k]/.test(
        Object.values(context)
          .map((value) => JSON.stringify(value))
          .join(' '),
      ),
  },
  {
    id: 'unknown-flag-before-missing-key',
    why:
      'The SDK looks at the user’s key before it looks for the flag. Here a flag that does not exist is reported as ' +
      'such whoever asks: both are errors without a value.',
    shows: {
      scenario: {
        document: { data: { featureFlags: [], segments: [] } },
        options,
        now: 0,
        questions: [{ key: 'unknown', context: {} }],
      },
      ours: { kind: 'FlagNotFound' },
      theirs: { kind: 'Error' },
    },
    covers: (_, __, ours, theirs) => ours['kind'] === 'FlagNotFound' && theirs['kind'] === 'Error',
  },
]
