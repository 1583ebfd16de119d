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

/** What the SDK does otherwise, and can be asked without. */
type Oddity = 'inherited names' | 'member order' | 'short meta' | 'memory' | 'hashing in vain'

const ALL: ReadonlySet<Oddity> = new Set<Oddity>([
  'inherited names',
  'member order',
  'short meta',
  'memory',
  'hashing in vain',
])

/** Whether the SDK, asked without the oddity, answers as we do; or does so without any, and this one matters. */
function explains(oddity: Oddity): OracleException['covers'] {
  return (question, scenario, ours, theirs) => {
    const alone = askedWithout(new Set([oddity]), question, scenario)
    return same(alone, ours) || (!same(alone, theirs) && same(askedWithout(ALL, question, scenario), ours))
  }
}

function askedWithout(oddities: ReadonlySet<Oddity>, question: Question, scenario: Scenario): Answer | undefined {
  let { document } = scenario
  let { context } = question
  if (oddities.has('short meta')) document = withWholeMeta(document)
  if (oddities.has('hashing in vain')) context = withTextForms(context)
  if (oddities.has('member order')) [document, context] = [sorted(document), sorted(context)]
  const asked = { ...scenario, document, questions: [{ ...question, context }] }
  const ask = (): Answer | undefined => oracle(asked, !oddities.has('memory'))[0]
  return oddities.has('inherited names') ? withoutInherited(ask) : ask()
}

/** Runs where no object inherits members with these names. */
function withoutInherited<T>(run: () => T): T {
  const hidden = INHERITED.map((name) => [name, Object.getOwnPropertyDescriptor(Object.prototype, name)] as const)
  for (const [name] of hidden) Reflect.deleteProperty(Object.prototype, name)
  try {
    return run()
  } finally {
    for (const [name, descriptor] of hidden) {
      if (descriptor !== undefined) Reflect.defineProperty(Object.prototype, name, descriptor)
    }
  }
}

function withTextForms(context: Context): Context {
  return JSON.parse(JSON.stringify(context).replaceAll('"toString":', '"text":')) as Context
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
    covers: explains('inherited names'),
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
    covers: explains('member order'),
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
    covers: explains('short meta'),
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
    covers: explains('hashing in vain'),
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
    covers: explains('memory'),
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
    meta?.push(...Array.from({ length: Math.max(0, count - meta.length) }, () => ({})))
  }
  return copy
}
