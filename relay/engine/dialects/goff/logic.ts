/**
 * Queries written as JSONLogic, on the shared language; the vendor builds on a later version of its library than others
 * do, in which `all` replaces outer variables first, as `some` and `none` always did.
 */
import { own } from '../../context.ts'
import { parseEmbedded } from '../../json.ts'
import { LogicError } from '../../logic/error.ts'
import { evaluationOf } from '../../logic/node.ts'
import type { Evaluate } from '../../logic/node.ts'
import type { Operands, Operator } from '../../logic/operator.ts'
import { Root } from '../../logic/root.ts'
import { operatorsWith, parseRule } from '../../logic/rule.ts'
import type { ParsedRule, Rule } from '../../logic/rule.ts'
import { solve } from '../../logic/solve.ts'
import { isTrue } from '../../logic/values.ts'
import type { Context, Json } from '../../outcome.ts'
import type { Condition, Frame } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { isObject } from './shape.ts'
import type { Members } from './shape.ts'
import type { Subject } from './subject.ts'

const all: Operator = {
  build({ raw, builder }: Operands): Evaluate {
    if (!Array.isArray(raw) || raw.length < 2) return failing
    const [list, condition] = raw as readonly unknown[]
    const subject = isObject(list)
      ? evaluationOf(builder.node(list))
      : (): unknown => (Array.isArray(list) ? list : null)
    const before = builder.nodes
    builder.appliesParts = true
    builder.within(builder.scope === 'data' ? 'both' : builder.scope, () => builder.node(condition))
    const size = 1 + builder.nodes - before
    return (data, run) => {
      const elements = subject(data, run)
      if (!isTrue(elements)) return false
      if (!Array.isArray(elements)) return failing()
      const outer = solve(condition, data, run)
      return elements.every((element: unknown) => {
        run.spend(size)
        const rule = solve(outer, element, run)
        return isObject(rule) ? isTrue(run.apply(rule, element)) : failing()
      })
    }
  },
}

function failing(): never {
  throw new LogicError('"all" needs a list and a condition')
}

const OPERATORS = operatorsWith([['all', all]])

/** Whether the text is a JSON object. */
export function isLogic(text: string): boolean {
  return text.startsWith('{') && text.trimEnd().endsWith('}')
}

/** `unusable` says what becomes of a query that the vendor's relay would not load. */
export function lowerLogic(text: string, subject: Subject, unusable: (message: string) => Condition): Condition {
  let json: Json
  let parsed: ParsedRule
  try {
    json = parseEmbedded(text).json
    const unknown = unknownOperator(json)
    if (unknown !== undefined) return unusable(`JSONLogic has no operator ${JSON.stringify(unknown)}`)
    parsed = parseRule(json, OPERATORS)
  } catch (error) {
    return unusable(error instanceof Error ? error.message : String(error))
  }
  const { rule, reads: found } = parsed
  const { everything, paths } = found
  const reads = everything ? '*' : [...new Set([...paths.keys()].flatMap((name) => subject.reads(name)))]
  return { kind: 'test', term: { name: 'JSONLogic', reads, read: reader(rule, subject) }, predicate: MATCHES }
}

const MATCHES = predicate('matches', undefined, (value) => value === true)

function reader(rule: Rule, subject: Subject): (frame: Frame) => boolean {
  const data = new Data(subject)
  return (frame) => {
    data.context = frame.context
    try {
      return matches(rule.evaluate(data))
    } catch (error) {
      if (error instanceof LogicError) return false
      throw error
    } finally {
      data.context = {}
    }
  }
}

class Data extends Root {
  context: Context = {}
  readonly #subject: Subject

  constructor(subject: Subject) {
    super()
    this.#subject = subject
  }

  member(name: string): unknown {
    return this.#subject.attribute(this.context, name)
  }

  all(): Readonly<Record<string, unknown>> {
    return this.#subject.all(this.context)
  }
}

/** An empty object matches; what JSON cannot say does not. */
function matches(result: unknown): boolean {
  if (Array.isArray(result)) return result.length > 0
  if (typeof result === 'number') return Number.isFinite(result) && result !== 0
  return result !== null && result !== undefined && result !== false && result !== ''
}

/** The first operator that does not exist, wherever it stands; variables are not looked into. */
function unknownOperator(json: Json): string | undefined {
  const pending: unknown[] = [json]
  while (pending.length > 0) {
    const next = pending.pop()
    if (Array.isArray(next)) pending.push(...(next as readonly unknown[]))
    else if (isObject(next)) {
      const unknown = Object.keys(next).find((name) => !OPERATORS.has(name))
      if (unknown !== undefined) return unknown
      if (!isVariable(next)) pending.push(...Object.values(next))
    }
  }
  return undefined
}

function isVariable(rule: Members): boolean {
  const name = own(rule, 'var')
  return typeof name === 'string' || typeof name === 'number'
}
