/**
 * Where the relay answers otherwise than npm SDK 8.1.2 on purpose. Each entry proves itself on every run: both engines
 * must still answer its scenario, and differently.
 */
import type { OracleException, Scenario } from '../../../testing/differential.ts'

const feature = { id: 1, name: 'f1', type: 'STANDARD' }
const state = {
  django_id: 401,
  featurestate_uuid: '00000000-0000-4000-8000-000000000001',
  enabled: true,
  feature_state_value: 'own',
  feature_segment: null,
  multivariate_feature_state_values: [],
  feature,
}

/** One flag, overridden by a segment with one condition; asked for u1 with the trait p = abc. */
function scenario(condition: object, own: object = {}): Scenario {
  const rules = [{ type: 'ALL', conditions: [condition], rules: [] }]
  const feature_states = [{ ...state, feature_state_value: 'override' }]
  return {
    document: {
      id: 1,
      api_key: 'env-key',
      name: 'Production',
      project: { id: 1, name: 'P', organisation: {}, segments: [{ id: 7, name: 's', rules, feature_states }] },
      feature_states: [{ ...state, ...own }],
      identity_overrides: [],
    },
    options: { profile: 'node', returnValueForDisabledFlags: true },
    now: 0,
    questions: [{ key: 'f1', context: { targetingKey: 'u1', traits: { p: 'abc' } } }],
  }
}

const OWN = { enabled: true, reason: 'DEFAULT', value: 'own' }
const OVERRIDE = { enabled: true, reason: 'TARGETING_MATCH; segment=s', value: 'override' }

export const exceptions: readonly OracleException[] = [
  {
    id: 'inherited-names',
    why:
      'The SDK finds traits that nobody sent: a condition on `constructor` sees what every object inherits. Here only ' +
      'own members of the context are traits.',
    shows: {
      scenario: scenario({ property_: 'constructor', operator: 'IS_SET', value: null }),
      ours: OWN,
      theirs: OVERRIDE,
    },
    covers: (_, { document }) => JSON.stringify(document).includes('"property_":"constructor"'),
  },
  {
    id: 'patterns-are-linear',
    why:
      'The SDK runs patterns with backtracking, so one pattern and one trait can stop the process. Look-around and ' +
      'back-references have no linear-time answer: such a condition never holds here.',
    shows: {
      scenario: scenario({ property_: 'p', operator: 'REGEX', value: '(?=a)' }),
      ours: OWN,
      theirs: OVERRIDE,
    },
    covers: (_, { document }) => /"value":"[^"]*\(\?<?[=!]/.test(JSON.stringify(document)),
  },
  {
    id: 'zero-is-no-id',
    why:
      'For the SDK a django_id of 0 is an id, for the vendor’s servers it is none and the UUID is hashed instead. ' +
      'Databases count from 1.',
    shows: {
      scenario: scenario(
        { property_: 'p', operator: 'EQUAL', value: 'no' },
        {
          django_id: 0,
          multivariate_feature_state_values: [
            { id: 1, percentage_allocation: 50, multivariate_feature_option: { id: 1, value: 'half' } },
          ],
        },
      ),
      ours: { enabled: true, reason: 'SPLIT; weight=50', value: 'half' },
      theirs: OWN,
    },
    covers: (_, { document }) => JSON.stringify(document).includes('"django_id":0'),
  },
]
