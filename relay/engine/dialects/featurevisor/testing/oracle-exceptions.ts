/** Where we answer otherwise than npm release 2.0.0 of the vendor's SDK, and why. */
import type { Context } from '../../../outcome.ts'
import type { Answer, OracleException, Question, Scenario } from '../../../testing/differential.ts'
import { datafile } from './compile.ts'

const ON: Answer = { value: true, reason: 'rule', ruleKey: 'r' }
const OFF: Answer = { value: false, reason: 'no_match' }
const ERROR: Answer = { value: false, reason: 'error' }

/** One feature that is on where the condition holds. */
function when(condition: object, context: Context): Scenario {
  const feature = { bucketBy: 'userId', traffic: [{ key: 'r', segments: 's', percentage: 100_000 }] }
  return scenario(datafile({ f: feature }, { s: { conditions: condition } }), context)
}

function everyone(percentage: number, context: Context): Scenario {
  const feature = { bucketBy: 'userId', traffic: [{ key: 'r', segments: '*', percentage }] }
  return scenario(datafile({ f: feature }), context)
}

function scenario(document: object, context: Context): Scenario {
  return { document, options: { semantics: 2, sticky: {} }, now: 0, questions: [{ key: 'f', context }] }
}

/** The attribute paths of a document, also of those in texts of JSON. */
function pathsOf({ document }: Scenario): string[] {
  const text = JSON.stringify(document)
  const attributes = [...text.matchAll(/attribute\\*":\\*"([^"\\]*)/g)].map(([, path = '']) => path)
  const buckets = [...text.matchAll(/"bucketBy":("[^"]*"|[[{][^\]}]*)/g)].map(([, by = '']) => by)
  return [...attributes, ...(buckets.join(' ').match(/[\w.]+/g) ?? [])]
}

const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype))

function lone(context: Context): boolean {
  return /[\\]ud[89a-f]/i.test(JSON.stringify(context))
}

export const exceptions: readonly OracleException[] = [
  {
    id: 'members-of-texts',
    why: 'Paths lead through objects and lists only since 2.x was finished (spec §4.1); 2.0.0 also finds the length and characters of a text.',
    shows: {
      scenario: when({ attribute: 'user.0', operator: 'exists' }, { user: 'ab' }),
      ours: OFF,
      theirs: ON,
    },
    covers: ({ context }: Question, asked) =>
      pathsOf(asked).some((path) => path.includes('.') && typeof context[path.split('.')[0] ?? ''] === 'string'),
  },
  {
    id: 'includes-of-other-than-texts',
    why: 'Numbers, booleans and null are looked up in lists since 2.27.0 at the latest (spec §8); in 2.0.0 texts only.',
    shows: {
      scenario: when({ attribute: 'x', operator: 'includes', value: 1 }, { x: [1] }),
      ours: ON,
      theirs: OFF,
    },
    covers: ({ context }, asked) =>
      /ncludes\\*","?\\*"?value\\*":[^"\\]/.test(JSON.stringify(asked.document)) &&
      Object.values(context).some((value) => Array.isArray(value)),
  },
  {
    id: 'inherited-names',
    why: 'We read own members only (spec §1): names of the object prototype are ordinary names, absent unless sent.',
    shows: {
      scenario: when({ attribute: 'constructor', operator: 'exists' }, {}),
      ours: OFF,
      theirs: ON,
    },
    covers: (_, asked) => pathsOf(asked).some((path) => path.split('.').some((part) => INHERITED.has(part))),
  },
  {
    id: 'lone-surrogates',
    why: 'A text that has no UTF-8 cannot be hashed and is an error since 2.27.0 at the latest (spec §3); 2.0.0 replaces it.',
    shows: { scenario: everyone(99_998, { userId: '\ud800' }), ours: ERROR, theirs: ON },
    covers: ({ context }) => lone(context),
  },
  {
    id: 'bucket-that-cannot-matter',
    why: 'At 100 % we do not hash, so that such flags do not tell users apart in caches; only a user without a text form notices.',
    shows: { scenario: everyone(100_000, { userId: { toString: 'x' } }), ours: ON, theirs: ERROR },
    covers: ({ context }) => JSON.stringify(context).includes('"toString":'),
  },
  {
    id: 'patterns-with-state',
    why: 'With flag g the SDKs before 3 remember the last match and alternate between users; we answer as SDK 3 does (spec §8).',
    shows: {
      scenario: when({ attribute: 'x', operator: 'matches', value: 'a', regexFlags: 'g' }, { x: 'a' }),
      ours: ON,
      theirs: { value: false, reason: 'rule', ruleKey: 'r' },
    },
    covers: (_, asked) => /regexFlags\\*":\\*"[a-z]*[gy]/.test(JSON.stringify(asked.document)),
  },
  {
    id: 'patterns-without-linear-time',
    why: 'Backreferences and lookaround can stop the process; they never match here, and the datafile gets a warning (spec §4.2).',
    shows: {
      scenario: when({ attribute: 'x', operator: 'matches', value: '^(?=a)' }, { x: 'a' }),
      ours: OFF,
      theirs: ON,
    },
    covers: (_, asked) => /\(\?[=!<]/.test(JSON.stringify(asked.document)),
  },
]
