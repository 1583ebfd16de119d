/**
 * Where the daemon, whose answers we give, and the npm library differ: the rows of the JSONLogic table, the operators'
 * edges and how failures are told. Each entry proves itself on every run: both engines must still answer its scenario,
 * and differently. It excuses only evaluations that come across its row.
 */
import type { Context, Json, ValueType } from '../../../outcome.ts'
import type { Answer, OracleException } from '../../../testing/differential.ts'
import { rowsOf } from './rows.ts'

interface Row {
  readonly id: string
  readonly why: string
  readonly targeting: Json
  readonly context?: Context
  readonly ours: Answer
  readonly theirs: Answer
}

const variants = { true: 'T', false: 'F', on: 'O', a: 'A', b: 'B' }

const matched = (variant: keyof typeof variants): Answer => ({
  value: variants[variant],
  variant,
  reason: 'TARGETING_MATCH',
  metadata: {},
})
const usual: Answer = { value: 'O', variant: 'on', reason: 'DEFAULT', metadata: {} }
const failed = (errorCode: string): Answer => ({ reason: 'ERROR', errorCode, metadata: {} })

const ROWS: readonly Row[] = [
  {
    id: 'text-compared',
    why: 'text that is no plain number, compared with a number or boolean: NaN in Go, a thrown error in JavaScript',
    targeting: { '==': [{ var: 'x' }, 1] },
    context: { x: 'abc' },
    ours: matched('false'),
    theirs: failed('GENERAL'),
  },
  {
    id: 'container-compared',
    why: 'lists and objects are never equal in Go; JavaScript throws',
    targeting: { '==': [{ var: 'x' }, 1] },
    context: { x: [1] },
    ours: matched('false'),
    theirs: failed('GENERAL'),
  },
  {
    id: 'null-compared',
    why: 'null equals only null in Go, also in >= and <=; in JavaScript it counts as 0',
    targeting: { '>=': [{ var: 'x' }, 0] },
    ours: matched('false'),
    theirs: matched('true'),
  },
  {
    id: 'operand-count',
    why: 'Go answers false for one operand and looks at two or three; JavaScript compares a chain of any length',
    targeting: { '==': [{ var: 'x' }, 1, 2] },
    context: { x: 1 },
    ours: matched('true'),
    theirs: matched('false'),
  },
  {
    id: 'text-haystack',
    why: 'Go fails when something that is no text is looked for in a text; JavaScript answers false',
    targeting: { in: [{ var: 'x' }, 'abc'] },
    ours: failed('PARSE_ERROR'),
    theirs: matched('false'),
  },
  {
    id: 'empty-haystack',
    why: 'empty text is in empty text in Go; JavaScript takes an empty haystack for none',
    targeting: { in: ['', { var: 'x' }] },
    context: { x: '' },
    ours: matched('true'),
    theirs: matched('false'),
  },
  {
    id: 'strange-haystack',
    why: 'nothing is in a number, boolean or object in Go; JavaScript throws',
    targeting: { in: ['a', { var: 'x' }] },
    context: { x: { a: 1 } },
    ours: matched('false'),
    theirs: failed('GENERAL'),
  },
  {
    id: 'number-in-mixed-list',
    why: 'a number is compared with the elements as numbers in Go, and null or boolean elements fail',
    targeting: { in: [{ var: 'x' }, ['1', 2]] },
    context: { x: 1 },
    ours: matched('true'),
    theirs: matched('false'),
  },
  {
    id: 'container-searched',
    why: 'lists inside a haystack are ranges of numbers in Go',
    targeting: { in: [{ var: 'x' }, [[1, 5]]] },
    context: { x: 3 },
    ours: matched('true'),
    theirs: matched('false'),
  },
  {
    id: 'cat-null',
    why: 'null prints as nothing in Go; compiled JavaScript prints "null"',
    targeting: { '==': [{ cat: ['a', { var: 'x' }] }, 'a'] },
    ours: matched('true'),
    theirs: matched('false'),
  },
  {
    id: 'cat-trim',
    why: 'Go trims what it joins from two or more parts',
    targeting: { '==': [{ cat: ['a', { var: 'x' }] }, 'ab'] },
    context: { x: 'b ' },
    ours: matched('true'),
    theirs: matched('false'),
  },
  {
    id: 'cat-strange',
    why: 'Go cannot print booleans, lists and objects, and prints numbers without an exponent',
    targeting: { '==': [{ cat: ['a', { var: 'x' }] }, 'atrue'] },
    context: { x: true },
    ours: failed('PARSE_ERROR'),
    theirs: matched('true'),
  },
  {
    id: 'strange-number',
    why: 'null, booleans and containers are no numbers in Go, other text is 0, and a division by zero is infinite',
    targeting: { '>': [{ '+': [{ var: 'x' }, 1] }, 0] },
    ours: failed('PARSE_ERROR'),
    theirs: matched('true'),
  },
  {
    id: 'strange-extreme',
    why: 'max and min read numbers from text in Go and are null for nothing; JavaScript throws',
    targeting: { '==': [{ max: [{ var: 'x' }, 2] }, 3] },
    context: { x: '3' },
    ours: matched('true'),
    theirs: failed('GENERAL'),
  },
  {
    id: 'substr-strange',
    why: 'a start outside of the text gives all of it in Go, an end before the start fails, and code points are counted',
    targeting: { '==': [{ substr: [{ var: 'x' }, 5] }, 'abc'] },
    context: { x: 'abc' },
    ours: matched('true'),
    theirs: matched('false'),
  },
  {
    id: 'odd-path',
    why: 'JavaScript looks into texts and at the length of lists; Go skips empty segments and reads other ones as 0',
    targeting: { '==': [{ var: 'x.0' }, 'a'] },
    context: { x: 'abc' },
    ours: matched('false'),
    theirs: matched('true'),
  },
  {
    id: 'missing-null',
    why: 'a member that is null is missing in Go; JavaScript finds it',
    targeting: { '!': [{ missing: ['x'] }] },
    context: { x: null },
    ours: matched('false'),
    theirs: matched('true'),
  },
  {
    id: 'default-for-null',
    why: 'a member that is null takes the default of var in Go; compiled JavaScript keeps the null inside an if',
    targeting: { if: [{ '<': [{ var: ['x', ''] }, 'z'] }, 'a'] },
    context: { x: null },
    ours: matched('a'),
    theirs: usual,
  },
  {
    id: 'only-javascript',
    why: 'Go has no ??',
    targeting: { '??': [{ var: 'x' }, true] },
    ours: failed('PARSE_ERROR'),
    theirs: matched('true'),
  },
  {
    id: 'shadowing',
    why: 'filter, some and none look names up in the outer data first in Go; JavaScript sees the element only',
    targeting: { some: [{ var: 'items' }, { '==': [{ var: 't' }, 'x'] }] },
    context: { items: [{ t: 'x' }], t: 'zzz' },
    ours: matched('false'),
    theirs: matched('true'),
  },
  {
    id: 'loop-subject',
    why: 'all is false for nothing in Go; a loop over what is no list fails in either engine in its own cases',
    targeting: { all: [{ var: 'x' }, { '>': [{ var: '' }, 0] }] },
    ours: matched('false'),
    theirs: matched('true'),
  },
  {
    id: 'condition-is-no-rule',
    why: 'substitution leaves a value where Go needs a rule, and Go fails',
    targeting: { some: [{ var: 'x' }, { var: 'ok' }] },
    context: { x: [{ ok: true }] },
    ours: failed('PARSE_ERROR'),
    theirs: matched('true'),
  },
  {
    id: 'unwrapped-negation',
    why: 'Go looks into an operand that is a list only if it is written without brackets; compiled JavaScript only if with',
    targeting: { '!': { var: 'x' } },
    context: { x: [0] },
    ours: matched('true'),
    theirs: matched('false'),
  },
  {
    id: 'sem-ver-strange',
    why: 'Go takes no spaces, one v, numbers of any size and no lists; JavaScript otherwise in all four',
    targeting: { sem_ver: [{ var: 'x' }, '=', '1.2.3'] },
    context: { x: ' 1.2.3' },
    ours: usual,
    theirs: matched('true'),
  },
  {
    id: 'fractional-null',
    why: 'Go drops a first operand that is null and takes the targeting key; in JavaScript it is a bad entry',
    targeting: { fractional: [{ var: 'x' }, ['a', 1]] },
    context: { targetingKey: 'u' },
    ours: matched('a'),
    theirs: usual,
  },
  {
    id: 'fractional-key',
    why: 'a targeting key that is no text is none in Go; JavaScript prints it',
    targeting: { fractional: [['a', 1]] },
    context: { targetingKey: 5 },
    ours: usual,
    theirs: matched('a'),
  },
  {
    id: 'fractional-entry',
    why: 'Go ignores what follows the weight and takes null for 1; in JavaScript both spoil the distribution',
    targeting: { fractional: [{ var: 'x' }, ['a', 1, 'more']] },
    context: { x: 'u' },
    ours: matched('a'),
    theirs: usual,
  },
  {
    id: 'fractional-text',
    why: 'Go hashes UTF-8, JavaScript UTF-16 code units',
    targeting: { fractional: [{ var: 'x' }, ['a', 25], ['b', 75]] },
    context: { x: 'café' },
    ours: matched('a'),
    theirs: matched('b'),
  },
  {
    id: 'result-text',
    why: 'Go prints the result as JSON to name the variant, JavaScript calls toString',
    targeting: { merge: ['a'] },
    ours: failed('GENERAL'),
    theirs: matched('a'),
  },
  {
    id: 'null-targeting',
    why: 'Go runs a rule that is null and finds null; to JavaScript it is no targeting',
    targeting: null,
    ours: usual,
    theirs: { ...usual, reason: 'STATIC' },
  },
]

/** Differences that the answers show, whatever the rule came across. */
const OTHERS: readonly OracleException[] = [
  {
    id: 'not-found-metadata',
    why: 'JavaScript adds the metadata of the set to FLAG_NOT_FOUND',
    shows: {
      scenario: {
        document: { metadata: { a: 1 }, flags: {} },
        now: 0,
        questions: [{ key: 'x', context: {}, type: 'boolean' }],
      },
      ours: failed('FLAG_NOT_FOUND'),
      theirs: { ...failed('FLAG_NOT_FOUND'), metadata: { a: 1 } },
    },
    covers: (_question, _scenario, ours, theirs) =>
      ours['errorCode'] === 'FLAG_NOT_FOUND' && theirs['errorCode'] === 'FLAG_NOT_FOUND',
  },
  {
    id: 'list-is-no-object',
    why: 'a variant that is a list is of no type in Go; to JavaScript it is an object',
    shows: {
      scenario: {
        document: { flags: { f: { state: 'ENABLED', variants: { on: [1] }, defaultVariant: 'on' } } },
        now: 0,
        questions: [{ key: 'f', context: {}, type: 'object' }],
      },
      ours: failed('TYPE_MISMATCH'),
      theirs: { value: [1], variant: 'on', reason: 'STATIC', metadata: {} },
    },
    covers: ({ type }, _scenario, ours, theirs) =>
      type === 'object' && ours['errorCode'] === 'TYPE_MISMATCH' && Array.isArray(theirs['value']),
  },
  {
    ...exceptionOf({
      id: 'refused-at-load',
      why: 'JavaScript refuses a rule with an unknown operator or an object literal anywhere; Go fails if it gets there',
      targeting: { if: [true, 'a', { nosuch: 1 }] },
      ours: matched('a'),
      theirs: failed('PARSE_ERROR'),
    }),
    covers: ({ key, context }, { document, now }, _ours, theirs) =>
      theirs['reason'] === 'ERROR' && rowsOf(document, key, context, now).has('refused-at-load'),
  },
  {
    ...exceptionOf({
      id: 'folded-at-load',
      why: 'JavaScript computes constants at load and refuses the rule when that fails; Go fails if it gets there',
      targeting: { if: [true, 'a', { '/': [1, 0] }] },
      ours: matched('a'),
      theirs: failed('PARSE_ERROR'),
    }),
    covers: ({ key, context }, { document, now }, _ours, theirs) =>
      theirs['errorCode'] === 'PARSE_ERROR' && rowsOf(document, key, context, now).has('folded-at-load'),
  },
  {
    ...exceptionOf({
      id: 'loop-between',
      why: 'the compiled JavaScript of a loop inside a comparison of three operands throws, a defect of the library',
      targeting: {
        '<': [0, { reduce: [{ var: 'x' }, { max: [{ var: 'current' }, { var: 'accumulator' }] }, 0] }, 5],
      },
      context: { x: [1] },
      ours: matched('true'),
      theirs: failed('GENERAL'),
    }),
    covers: ({ key, context }, { document, now }, _ours, theirs) =>
      theirs['errorCode'] === 'GENERAL' && rowsOf(document, key, context, now).has('loop-between'),
  },
  {
    ...exceptionOf({
      id: 'failure-code',
      why: 'a rule that fails at run time is PARSE_ERROR in Go and GENERAL in JavaScript',
      targeting: { reduce: [{ var: 'x' }, { '+': [{ var: 'current' }, 1] }, 0] },
      context: { x: 5 },
      ours: failed('PARSE_ERROR'),
      theirs: failed('GENERAL'),
    }),
    covers: (_question, _scenario, ours, theirs) =>
      ours['errorCode'] === 'PARSE_ERROR' && theirs['errorCode'] === 'GENERAL',
  },
]

function exceptionOf({ id, why, targeting, context = {}, ours, theirs }: Row): OracleException {
  const flag = { state: 'ENABLED', variants, defaultVariant: 'on', targeting }
  const type: ValueType = 'string'
  return {
    id,
    why,
    shows: {
      scenario: { document: { flags: { f: flag } }, now: 0, questions: [{ key: 'f', context, type }] },
      ours,
      theirs,
    },
    covers: (question, { document, now }) => rowsOf(document, question.key, question.context, now).has(id),
  }
}

export const exceptions: readonly OracleException[] = [...OTHERS, ...ROWS.map(exceptionOf)]
