/**
 * Where the relay answers otherwise than npm SDK 1.8.0 on purpose. Each entry proves itself on every run: both engines
 * must still answer its scenario, and differently. Most cover a difference only if the SDK, asked the same without the
 * oddity in question, answers as we do.
 */
import { own } from '../../../context.ts'
import type { Context } from '../../../outcome.ts'
import type { Answer, OracleException, Question, Scenario } from '../../../testing/differential.ts'
import { oracle } from './oracle.ts'

const INHERITED = ['constructor', '__proto__']

/** The SDK's answer where no object inherits members with these names. */
function withoutInherited(question: Question, scenario: Scenario): Answer | undefined {
  const hidden = INHERITED.map((name) => [name, Object.getOwnPropertyDescriptor(Object.prototype, name)] as const)
  for (const [name] of hidden) Reflect.deleteProperty(Object.prototype, name)
  try {
    return oracle({ ...scenario, questions: [question] })[0]
  } finally {
    for (const [name, descriptor] of hidden) {
      if (descriptor !== undefined) Reflect.defineProperty(Object.prototype, name, descriptor)
    }
  }
}

function sorted<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  ) as T
}

function same(one: Answer | undefined, other: Answer): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
}

function targeting(condition: object, context: Question['context']): Scenario {
  const features = { f1: { defaultValue: 'no', rules: [{ condition, force: 'yes' }] } }
  return { document: { features }, now: 0, questions: [{ key: 'f1', context }] }
}

const NO = { source: 'defaultValue', value: 'no' }
const YES = { source: 'force', value: 'yes' }

export const exceptions: readonly OracleException[] = [
  {
    id: 'inherited-names',
    why:
      'The SDK finds members that every JavaScript object inherits: a feature, attribute, group or pattern named ' +
      '`constructor` or `__proto__` exists although nobody wrote it. Here these are ordinary names.',
    shows: {
      scenario: { document: { features: {} }, now: 0, questions: [{ key: 'constructor', context: {} }] },
      ours: { kind: 'unknownFeature' },
      theirs: { source: 'defaultValue', value: null },
    },
    covers: (question, scenario, ours) => same(withoutInherited(question, scenario), ours),
  },
  {
    id: 'member-order',
    why:
      'The SDK compares objects by their JSON text, so `{ x, y }` is not `{ y, x }`. Contexts come from languages whose ' +
      'maps have no order, and a cached answer is shared by contexts that differ in it alone: order does not count here.',
    shows: {
      scenario: targeting({ obj: { x: 1, y: 2 } }, { obj: { y: 2, x: 1 } }),
      ours: YES,
      theirs: NO,
    },
    covers: (question, scenario, ours) => {
      const { document, questions } = sorted({ document: scenario.document, questions: [question] })
      return same(oracle({ ...scenario, document, questions })[0], ours)
    },
  },
  {
    id: 'linear-patterns',
    why:
      'The SDK runs patterns on a backtracking engine, so one rule and one text can stop the process. Look-around and ' +
      'back-references have no linear-time answer: whoever reaches such a rule gets an error, and the document a warning.',
    shows: {
      scenario: targeting({ a: { $regex: '(?<=a)b' } }, { a: 'ab' }),
      ours: { kind: 'Error' },
      theirs: YES,
    },
    covers: (_, { document }, ours) =>
      ours['kind'] === 'Error' && /"\$regexi?":"[^"]*(?:\(\?<?=|\\\\1)/.test(JSON.stringify(document)),
  },
  {
    id: 'short-meta',
    why:
      'Where `meta` has fewer items than there are variations, the SDK fails for users in a variation without one, and ' +
      'for users in no variation when it is empty. Here such variations have no name, and the feature answers.',
    shows: {
      scenario: {
        document: { features: { f1: { defaultValue: 'no', rules: [{ variations: ['a', 'b'], meta: [] }] } } },
        now: 0,
        questions: [{ key: 'f1', context: {} }],
      },
      ours: NO,
      theirs: { kind: 'Error' },
    },
    covers: (question, scenario, ours, theirs) => {
      const document = withWholeMeta(scenario.document)
      return theirs['kind'] === 'Error' && same(oracle({ ...scenario, document, questions: [question] })[0], ours)
    },
  },
  {
    id: 'hashed-in-vain',
    why:
      'The SDK also hashes users whose hash decides nothing: in QA mode, and where a sticky assignment was found. An ' +
      'attribute that hides its own text form fails there, and with it the whole feature. Here it answers.',
    shows: {
      scenario: {
        document: { features: { f1: { defaultValue: 'no', rules: [{ variations: ['a', 'b'] }] } } },
        options: { qaMode: true },
        now: 0,
        questions: [{ key: 'f1', context: { id: { toString: 1 } } }],
      },
      ours: NO,
      theirs: { kind: 'Error' },
    },
    covers: (question, scenario, ours, theirs) => {
      const { qaMode, stickyBucketing } = scenario.options ?? {}
      if (theirs['kind'] !== 'Error' || (qaMode !== true && stickyBucketing !== true)) return false
      const context = JSON.parse(JSON.stringify(question.context).replaceAll('"toString":', '"text":')) as Context
      return same(oracle({ ...scenario, questions: [{ ...question, context }] })[0], ours)
    },
  },
  {
    id: 'assignments-of-this-evaluation',
    why:
      'The SDK saves sticky assignments while it evaluates, so a prerequisite that is asked twice may answer otherwise ' +
      'the second time. Here the documents that came with the context are all there is, and asking changes nothing.',
    shows: {
      scenario: {
        document: {
          features: {
            p: { defaultValue: 'out', rules: [{ key: 'e', variations: ['in', 'in'], minBucketVersion: 1 }] },
            f1: {
              defaultValue: 'no',
              rules: [{ parentConditions: ['p', 'p'].map((id) => ({ id, condition: { value: 'in' } })), force: 'yes' }],
            },
          },
        },
        options: { stickyBucketing: true },
        now: 0,
        questions: [{ key: 'f1', context: { id: 'u1' } }],
      },
      ours: YES,
      theirs: NO,
    },
    covers: (question, scenario, ours) =>
      scenario.options?.['stickyBucketing'] === true &&
      same(oracle({ ...scenario, questions: [question] }, false)[0], ours),
  },
]

interface Experiment {
  readonly meta?: object[]
  readonly variations?: unknown[]
  readonly contextualVariations?: unknown[]
}

/** The document with an item of `meta` for every variation, wherever there is a `meta`. */
function withWholeMeta(document: object): object {
  const copy = structuredClone(document)
  const features = own(copy, 'features') as Record<string, { rules?: Experiment[] | null }>
  for (const { meta, variations, contextualVariations } of Object.values(features).flatMap(
    ({ rules }) => rules ?? [],
  )) {
    const count = Math.max(1, (contextualVariations ?? variations ?? []).length)
    while (meta !== undefined && meta.length < count) meta.push({})
  }
  return copy
}
