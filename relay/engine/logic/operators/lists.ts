/**
 * Logic: loops over lists. Their first operand is taken as it is written when it is a list, and evaluated only when it
 * is a rule; their condition or body is evaluated per element, and every pass is paid for.
 */
import { LogicError } from '../error.ts'
import type { Scope } from '../builder.ts'
import type { Evaluate, Operands, Operator } from '../node.ts'
import type { Run } from '../run.ts'
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
  const subject = isObject(first) ? builder.node(first).evaluate : (): unknown => (isList(first) ? first : null)
  const before = builder.nodes
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

/** Only an object is a condition; what substitution made of it may be none. */
function condition(rule: unknown, data: unknown, run: Run): boolean {
  if (!isObject(rule)) throw new LogicError('the condition of the loop is no rule')
  return isTrue(run.apply(rule, data))
}

const filter = looping(
  'both',
  2,
  () => [],
  ({ subject, body, size }) =>
    (data, run) => {
      const list = subject(data, run)
      if (list === null) return []
      const elements = needList(list, 'filter')
      const rule = solve(body, data, run)
      return elements.filter((element) => {
        run.spend(size)
        return isTrue(run.apply(rule, element))
      })
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

const all = looping('element', 1, failing('all'), ({ subject, body, size }, { raw }) => (data, run) => {
  const list = subject(data, run)
  if (!isTrue(list)) return false
  return needList(list, 'all').every((element) => {
    if (needList(raw, 'all').length < 2) return failing('all')(data, run)
    run.spend(size)
    return condition(solve(body, element, run), element, run)
  })
})

const none = looping('both', 1, failing('none'), ({ subject, body, size }, { raw }) => (data, run) => {
  const list = subject(data, run)
  if (!isTrue(list)) return true
  if (needList(raw, 'none').length < 2) return failing('none')(data, run)
  const rule = solve(body, data, run)
  return !needList(list, 'none').some((element) => {
    run.spend(size)
    return condition(rule, element, run)
  })
})

const some = looping('both', 1, failing('some'), ({ subject, body, size }, { raw }) => (data, run) => {
  const list = subject(data, run)
  if (!isTrue(list)) return false
  if (needList(raw, 'some').length < 2) return failing('some')(data, run)
  const rule = solve(body, data, run)
  return needList(list, 'some').some((element) => {
    run.spend(size)
    return condition(solve(rule, element, run), element, run)
  })
})

/** The accumulator keeps the type of its initial value; elements that are null are skipped. */
const reduce = looping(
  'element',
  3,
  () => 0,
  ({ subject, body, size }, { raw, builder }) => {
    const written: unknown = isList(raw) ? raw[2] : null
    const initial: Evaluate = isObject(written) ? builder.node(written).evaluate : () => written
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
