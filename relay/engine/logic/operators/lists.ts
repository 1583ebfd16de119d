/**
 * Logic: loops over lists. Their first operand is taken as it is written when it is a list, and evaluated only when it
 * is a rule; their condition or body is evaluated per element, and every pass is paid for.
 */
import { LogicError } from '../error.ts'
import type { Scope } from '../builder.ts'
import { evaluationOf } from '../node.ts'
import type { Evaluate } from '../node.ts'
import type { Operands, Operator } from '../operator.ts'
import type { Run } from '../run.ts'
import { shortcutOf, SLOW } from '../condition.ts'
import type { Substitution } from '../condition.ts'
import { solve } from '../solve.ts'
import { isList, isObject, isTrue, needList, toNumber, toText } from '../values.ts'

import { failing } from './failing.ts'

/** The list to loop over as the data give it: any value, null when there is none. */
type Subject = (data: unknown, run: Run) => unknown

interface Loop {
  readonly subject: Subject
  /** The condition or body as the rule has it. */
  readonly body: unknown
  readonly size: number
}

/** Undefined when fewer than `least` operands are written. */
function loop({ operator, raw, builder }: Operands, scope: Scope, least: number = 1): Loop | undefined | Evaluate {
  if (!isList(raw)) return failing(operator)
  if (raw.length < least) return undefined
  const [first, body] = raw
  const subject = isObject(first) ? evaluationOf(builder.node(first)) : (): unknown => (isList(first) ? first : null)
  const before = builder.nodes
  builder.appliesParts = true
  builder.within(builder.scope === 'data' ? scope : builder.scope, () => builder.node(body))
  return { subject, body, size: 1 + builder.nodes - before }
}

/** `run` loops; `fewer` is the answer when the operands are too few. */
function looping(
  scope: Scope,
  least: number,
  fewer: Evaluate,
  loops: (loop: Loop, operands: Operands) => Evaluate,
): Operator {
  return {
    build(operands): Evaluate {
      const found = loop(operands, scope, least)
      if (found === undefined) return fewer
      return typeof found === 'function' ? found : loops(found, operands)
    },
  }
}

/** Tests the elements of one run of a loop. */
type Test = (outer: unknown, run: Run) => (element: unknown) => boolean

/** `loose`: a condition may be a value. Else only an object is one, and what substitution made of it may be none. */
function tests({ body, size }: Loop, { builder }: Operands, substitution: Substitution, loose: boolean = false): Test {
  const shortcut = builder.lasting ? shortcutOf(body, builder.operators, substitution) : undefined
  return (outer, run) => {
    const solveOuter = (): unknown => (substitution.outer ? solve(body, outer, run) : body)
    let rule = shortcut === undefined ? solveOuter() : undefined
    return (element) => {
      run.spend(size)
      const quick = shortcut === undefined ? SLOW : shortcut(outer, element, run)
      if (quick !== SLOW) return isTrue(quick)
      rule ??= solveOuter()
      const condition = substitution.element ? solve(rule, element, run) : rule
      if (!loose && !isObject(condition)) throw new LogicError('the condition of the loop is no rule')
      return isTrue(run.apply(condition, element))
    }
  }
}

const filter = looping(
  'both',
  2,
  () => [],
  (loop, operands) => {
    const test = tests(loop, operands, { outer: true, element: false }, true)
    return (data, run) => {
      const list = loop.subject(data, run)
      return list === null ? [] : needList(list, 'filter').filter(test(data, run))
    }
  },
)

const map = looping(
  'element',
  2,
  () => [],
  ({ subject, body, size }) =>
    (data, run) => {
      const list = subject(data, run)
      if (list === null) return []
      return needList(list, 'map').map((element) => {
        run.spend(size)
        return run.apply(body, element)
      })
    },
)

/** `nothing`: the answer when there is nothing to loop over. A condition that is not written is missed only otherwise. */
function quantifier(
  operator: string,
  scope: Scope,
  substitution: Substitution,
  nothing: boolean,
  decide: (list: readonly unknown[], test: (element: unknown) => boolean) => boolean,
): Operator {
  return looping(scope, 1, failing(operator), (loop, operands) => {
    const test = tests(loop, operands, substitution)
    const written = isList(operands.raw) && operands.raw.length > 1
    return (data, run) => {
      const list = loop.subject(data, run)
      if (!isTrue(list)) return nothing
      return written ? decide(needList(list, operator), test(data, run)) : failing(operator)(data, run)
    }
  })
}

const all = quantifier('all', 'element', { outer: false, element: true }, false, (list, test) => list.every(test))
const none = quantifier('none', 'both', { outer: true, element: false }, true, (list, test) => !list.some(test))
const some = quantifier('some', 'both', { outer: true, element: true }, false, (list, test) => list.some(test))

/** The accumulator keeps the type of its initial value; elements that are null are skipped. */
const reduce = looping(
  'element',
  3,
  () => 0,
  ({ subject, body, size }, { raw, builder }) => {
    const written: unknown = isList(raw) ? raw[2] : null
    const initial: Evaluate = isObject(written) ? evaluationOf(builder.node(written)) : () => written
    return (data, run) => {
      let accumulator = initial(data, run)
      const valueType = typeof accumulator
      const keep = KEEP.get(valueType)
      if (keep === undefined) throw new LogicError('"reduce" needs a boolean, number or text to begin with')
      const list = subject(data, run)
      if (list === null) return 0
      for (const current of needList(list, 'reduce')) {
        if (current === null) continue
        run.spend(size)
        if (!isObject(body)) throw new LogicError('the body of "reduce" is no rule')
        const scope = { current, accumulator, valueType: valueType === 'boolean' ? 'bool' : valueType }
        accumulator = keep(run.apply(body, scope))
      }
      return accumulator
    }
  },
)

const KEEP: ReadonlyMap<string, (value: unknown) => unknown> = new Map<string, (value: unknown) => unknown>([
  ['boolean', isTrue],
  ['number', toNumber],
  ['string', toText],
])

export const lists: readonly (readonly [string, Operator])[] = [
  ['filter', filter],
  ['map', map],
  ['reduce', reduce],
  ['all', all],
  ['none', none],
  ['some', some],
]
