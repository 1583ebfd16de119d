/** Where the Node SDK and we may differ, each with its reason. */
import { own } from '../../../context.ts'
import type { OracleException, Scenario } from '../../../testing/differential.ts'

const SHOWN: Scenario = {
  document: {
    flags: {
      f: {
        key: 'f',
        version: 1,
        on: true,
        variations: ['a', 'b'],
        fallthrough: { variation: 0 },
        rules: [
          {
            id: 'r',
            clauses: [{ contextKind: 'constructor', attribute: 'anonymous', op: 'in', values: [], negate: true }],
            variation: 1,
          },
        ],
      },
    },
    segments: {},
  },
  now: 0,
  questions: [{ key: 'f', context: { kind: 'multi', user: { key: 'u' }, org: { key: 'o' } } }],
}

export const exceptions: readonly OracleException[] = [
  {
    id: 'kind-of-object-prototype',
    why:
      'The SDK looks up the kinds of a bundle in an ordinary object, so every bundle has a context of kind `constructor` ' +
      'that is not anonymous. Names of the object prototype are ordinary names here, and a kind is there only if it was sent.',
    shows: {
      scenario: SHOWN,
      ours: { value: 'a', variationIndex: 0, reason: { kind: 'FALLTHROUGH' } },
      theirs: { value: 'b', variationIndex: 1, reason: { kind: 'RULE_MATCH', ruleId: 'r', ruleIndex: 0 } },
    },
    covers: ({ context }, { document }) =>
      own(context, 'kind') === 'multi' && own(context, 'constructor') === undefined && asksWhetherAnonymous(document),
  },
]

/** Whether some clause asks the kind `constructor` for `anonymous`. */
function asksWhetherAnonymous(document: object): boolean {
  const items = ['flags', 'segments'].flatMap((name) => Object.values(Object(own(document, name))))
  const rules = items.flatMap((item) => own(item, 'rules') ?? [])
  const clauses = rules.flatMap((rule) => own(rule, 'clauses') ?? [])
  return clauses.some(
    (clause) => own(clause, 'contextKind') === 'constructor' && /^\/?anonymous$/.test(String(own(clause, 'attribute'))),
  )
}
