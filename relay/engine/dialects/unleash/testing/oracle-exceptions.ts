/**
 * Where the relay answers otherwise than the npm SDK 6.12.1 on purpose. Each entry proves itself on every run: both
 * engines must still answer its scenario, and differently.
 */
import type { OracleException, Scenario } from '../../../testing/differential.ts'

function asking(key: string, strategy: object): Scenario {
  const features = [{ name: 'f1', enabled: true, strategies: [strategy] }]
  return { document: { features, segments: [] }, now: 0, questions: [{ key, context: { p: 'a' } }] }
}

const PARAMETER =
  /^Cannot read properties of (?:null|undefined) \(reading '(?:groupId|stickiness|userIds|percentage|IPs|hostNames|rollout)'\)$/

export const exceptions: readonly OracleException[] = [
  {
    id: 'absent-lists-are-empty',
    why:
      'A constraint on a list without `values` makes the SDK throw out of the caller’s hands. Here the list is empty, ' +
      'as the specification of the document has it.',
    shows: {
      scenario: asking('f1', { name: 'default', constraints: [{ contextName: 'p', operator: 'NOT_IN' }] }),
      ours: { value: true },
      theirs: { threw: "Cannot read properties of undefined (reading 'filter')" },
    },
    covers: (_, __, ___, theirs) =>
      /^Cannot read properties of \w+ \(reading 'filter'\)$/.test(String(theirs['threw'])),
  },
  {
    id: 'absent-parameters-are-empty',
    why: 'A strategy without parameters makes the SDK throw where it reads them. Here there are none, and it goes on.',
    shows: {
      scenario: asking('f1', { name: 'flexibleRollout', variants: [] }),
      ours: { value: false },
      theirs: { threw: "Cannot read properties of undefined (reading 'groupId')" },
    },
    covers: (_, __, ___, theirs) => PARAMETER.test(String(theirs['threw'])),
  },
  {
    id: 'inherited-names-are-no-flags',
    why:
      'The SDK looks flags up in a plain object and finds members that every object inherits. Here names like ' +
      '__proto__ are ordinary: a flag that the document lacks is not found.',
    shows: {
      scenario: asking('__proto__', { name: 'default' }),
      ours: { unknown: true },
      theirs: { value: false },
    },
    covers: ({ key }, _, ours) => key === '__proto__' && ours['unknown'] === true,
  },
]
