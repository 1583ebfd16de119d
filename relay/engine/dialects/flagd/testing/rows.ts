/**
 * Which known differences between the Go library and the npm one an evaluation comes across. The operators are wrapped,
 * so that a row is found where its operands really meet and not wherever an operator occurs: an exception then excuses
 * only evaluations that went through it.
 */
import { own } from '../../../context.ts'
import { evaluationOf, Node } from '../../../logic/node.ts'
import type { Evaluate } from '../../../logic/node.ts'
import type { Operands, Operator } from '../../../logic/operator.ts'
import { segmentsOf } from '../../../logic/path.ts'
import { Root } from '../../../logic/root.ts'
import { RootOf } from '../../../logic/testing/root-of.ts'
import { parseRule } from '../../../logic/rule.ts'
import { solve } from '../../../logic/solve.ts'
import { isList, isObject, isPrimitive, isTrue } from '../../../logic/values.ts'
import type { Context, Json } from '../../../outcome.ts'
import { Evaluators } from '../evaluators.ts'
import { operatorsOf } from '../operators.ts'

type Note = (row: string) => void
type Watch = (operands: readonly unknown[], note: Note, data: unknown) => void

const PLAIN = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,6})?$/

const isNumber = (value: unknown): value is number => typeof value === 'number'
const isContainer = (value: unknown): boolean => isList(value) || isObject(value)

const compared: Watch = (operands, note) => {
  if (operands.length < 2 || operands.length > 3) note('operand-count')
  for (let index = 1; index < operands.length; index++) compareTwo(operands[index - 1], operands[index], note)
}

function compareTwo(left: unknown, right: unknown, note: Note): void {
  if (isContainer(left) || isContainer(right)) return note('container-compared')
  if (left === null || right === null) {
    if (left !== right) note('null-compared')
    return
  }
  if (typeof left === typeof right) return
  const texts = [left, right].filter((value): value is string => typeof value === 'string')
  if (texts.some((text) => !PLAIN.test(text))) note('text-compared')
}

const twoCompared: Watch = (operands, note, data) => {
  if (operands.length !== 2) note('operand-count')
  compared(operands.slice(0, 2), note, data)
}

const strictlyCompared: Watch = (operands, note) => {
  if (operands.length !== 2) note('operand-count')
  if (operands.some(isContainer)) note('container-compared')
}

const calculated: Watch = (operands, note) => {
  if (operands.length === 0) note('operand-count')
  for (const operand of operands) {
    if (typeof operand === 'string' ? !PLAIN.test(operand) : !isNumber(operand)) note('strange-number')
  }
}

const divided: Watch = (operands, note, data) => {
  if (operands.length < 2) note('operand-count')
  if (operands.slice(1).some((operand) => Number(operand) === 0)) note('strange-number')
  calculated(operands, note, data)
}

const extreme: Watch = (operands, note) => {
  if (operands.length === 0 || !operands.every(isNumber)) note('strange-extreme')
}

const joined: Watch = (operands, note) => {
  if (operands.includes(null)) note('cat-null')
  if (operands.some((operand) => typeof operand === 'boolean' || isContainer(operand))) note('cat-strange')
  if (operands.some((operand) => isNumber(operand) && !PLAIN.test(String(operand)))) note('cat-strange')
  const text = operands.map((operand) => (isPrimitive(operand) ? String(operand) : '')).join('')
  if (operands.length > 1 && text.trim() !== text) note('cat-trim')
}

const cut: Watch = ([text, from, length], note) => {
  if (typeof text !== 'string' || !Number.isInteger(from) || (length !== undefined && !Number.isInteger(length))) {
    return note('substr-strange')
  }
  const start = Number(from) < 0 ? text.length + Number(from) : Number(from)
  const end = length === undefined || Number(length) >= 0 ? start : text.length + Number(length)
  if (start < 0 || start > text.length || end < start || text.length !== Array.from(text).length) note('substr-strange')
}

const searched: Watch = (operands, note) => {
  const [needle, haystack] = operands
  if (operands.length !== 2) note('operand-count')
  if (typeof haystack === 'string') {
    if (typeof needle !== 'string') note('text-haystack')
    if (haystack === '') note('empty-haystack')
  } else if (isList(haystack)) {
    if (isContainer(needle) || haystack.some(isContainer)) note('container-searched')
    if (isNumber(needle) && !haystack.every(isNumber)) note('number-in-mixed-list')
  } else if (haystack !== null && haystack !== undefined) note('strange-haystack')
}

const versions: Watch = (operands, note) => {
  if (operands.length !== 3 || typeof operands[1] !== 'string') note('sem-ver-strange')
  for (const operand of [operands[0], operands[2]]) {
    if (isNumber(operand) ? Math.abs(operand) >= 1e6 : isList(operand)) note('sem-ver-strange')
    if (typeof operand === 'string' && (/^\s|\s$|^[vV]{2}|^[vV]\s/.test(operand) || /\d{16}/.test(operand))) {
      note('sem-ver-strange')
    }
  }
}

const drawn: Watch = (operands, note, data) => {
  const [first] = operands
  const key = data instanceof Root ? data.member('targetingKey') : undefined
  if (!(data instanceof Root)) note('fractional-in-loop')
  if (first === null) note('fractional-null')
  if (typeof first !== 'string' && typeof key !== 'string' && key !== null && key !== undefined) note('fractional-key')
  const unit = typeof first === 'string' ? first : key
  if (typeof unit === 'string' && !/^[\0-\x7f]*$/.test(unit)) note('fractional-text')
  for (const entry of operands) {
    if (isList(entry) && (entry.length > 2 || entry[1] === null)) note('fractional-entry')
  }
}

const named: Watch = (operands, note, data) => {
  for (const name of operands.flat()) {
    if (isNumber(name)) continue
    if (typeof name !== 'string' || segmentsOf(name).join('.') !== name) note('odd-path')
    else if (own(data instanceof Root ? data.all() : data, name) === null) note('missing-null')
  }
}

const WATCHES: Readonly<Record<string, Watch>> = {
  '==': twoCompared,
  '!=': twoCompared,
  '===': strictlyCompared,
  '!==': strictlyCompared,
  '<': compared,
  '<=': compared,
  '>': compared,
  '>=': compared,
  '+': calculated,
  '-': calculated,
  '*': calculated,
  '/': divided,
  '%': divided,
  max: extreme,
  min: extreme,
  cat: joined,
  substr: cut,
  in: searched,
  sem_ver: versions,
  fractional: drawn,
  missing: named,
  missing_some: named,
}

const LOOPS: ReadonlySet<string> = new Set(['map', 'filter', 'all', 'some', 'none', 'reduce'])

/** The rows that the flag's evaluation goes through. */
export function rowsOf(document: object, key: string, context: Context, now: number): ReadonlySet<string> {
  const rows = new Set<string>()
  const note = (row: string): void => void rows.add(row)
  const evaluators = new Map(Object.entries((own(document, '$evaluators') ?? {}) as Readonly<Record<string, Json>>))
  const definition = (own(own(document, 'flags'), key) ?? null) as Json
  const targeting = own(new Evaluators(evaluators).expand(definition).value, 'targeting')
  if (targeting === undefined) return rows
  if (targeting === null) note('null-targeting')
  lookAt(targeting, note)
  const watched = new Map([...operatorsOf[2]].map(([name, operator]) => [name, watch(name, operator, note)]))
  const data = { ...context, $flagd: { flagKey: key, timestamp: Math.floor(now / 1000) } }
  const root = new RootOf(data)
  try {
    const result = parseRule(targeting, watched).rule.evaluate(root)
    if (isContainer(result) || (isNumber(result) && !PLAIN.test(String(result)))) note('result-text')
    if (typeof result === 'string' && /[<>&"\\\p{Cc}]/u.test(result)) note('result-text')
  } catch {
    note('fails')
  }
  return rows
}

const CALCULATES = /^(?:[-+*/%]|[<>]=?|[!=]==?|max|min)$/

/** What the npm library refuses when it loads a rule, wherever in the rule it is. */
function lookAt(rule: unknown, note: Note): void {
  if (isList(rule)) for (const element of rule) lookAt(element, note)
  if (!isObject(rule)) return
  const [[name, operands] = ['', null], ...more] = Object.entries(rule)
  if (more.length > 0 || name === '') return note('refused-at-load')
  if (!operatorsOf[2].has(name) || /^(?:abs|set|contains_\w+)$/.test(name)) note('refused-at-load')
  if (name === '??') note('only-javascript')
  const refused = isList(operands) && CALCULATES.test(name) && operands.some(isNoNumber)
  if (refused || (!variable(operands) && name !== 'var')) note('folded-at-load')
  const between = isList(operands) && operands.length > 2 && /^[<>]=?$/.test(name)
  if (between && /"(?:reduce|map|filter)"/.test(JSON.stringify(operands))) note('loop-between')
  lookAt(operands, note)
}

/** A constant that the npm library's compiler may refuse to calculate with. */
function isNoNumber(operand: unknown): boolean {
  return !variable(operand) && (!isNumber(operand) || operand === 0)
}

function variable(rule: unknown): boolean {
  if (isList(rule)) return rule.some(variable)
  if (!isObject(rule)) return false
  return Object.entries(rule).some(([name, operands]) => /^(?:var|missing|fractional)/.test(name) || variable(operands))
}

function watch(name: string, operator: Operator, note: Note): Operator {
  return {
    ...(operator.passesObjects === true ? { passesObjects: true } : {}),
    build(operands): Evaluate {
      const built = operator.build(operands)
      const evaluate = built instanceof Node ? evaluationOf(built) : built
      if (LOOPS.has(name)) return watchLoop(operands, evaluate, note)
      if (name === 'var') return watchVariable(operands, evaluate, note)
      const seen = WATCHES[name]
      const negation = name === '!' || name === '!!'
      if (seen === undefined && !negation) return evaluate
      return (data, run) => {
        const value = quietly(() => operands.whole.evaluate(data, run))
        const only = isList(value) && isList(operands.raw) ? value[0] : value
        if (negation && isList(only) && only.length > 0) note('unwrapped-negation')
        if (seen !== undefined) {
          if (!isList(operands.raw)) note('operand-count')
          seen(isList(value) ? value : [value], note, data)
        }
        return evaluate(data, run)
      }
    },
  }
}

function quietly(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return undefined
  }
}

function watchLoop({ operator, raw, builder }: Operands, evaluate: Evaluate, note: Note): Evaluate {
  const [first, body] = isList(raw) ? raw : []
  const subject = isObject(first) ? evaluationOf(builder.node(first)) : (): unknown => first
  return (data, run) => {
    const list = quietly(() => subject(data, run))
    if (!isList(list)) note('loop-subject')
    if (operator === 'all' && !isTrue(list)) note('loop-subject')
    const outer = ['filter', 'some', 'none'].includes(operator) ? solve(body, data, run) : body
    if (outer !== body) note('shadowing')
    if (isList(list)) {
      for (const element of list) {
        const rule = operator === 'some' || operator === 'all' ? solve(outer, element, run) : outer
        if (!isObject(rule)) note('condition-is-no-rule')
        if (operator === 'reduce' && (element === null || !isNumber(element))) note('strange-number')
      }
    }
    return evaluate(data, run)
  }
}

/** Texts and lists have more members in JavaScript. */
function watchVariable({ whole }: Operands, evaluate: Evaluate, note: Note): Evaluate {
  return (data, run) => {
    const name = quietly(() => whole.evaluate(data, run))
    const path = isList(name) ? name[0] : name
    if (typeof path === 'string' && path !== '') {
      let holder: unknown = data instanceof Root ? data.all() : data
      for (const segment of path.split('.')) {
        if (segment === '') note('odd-path')
        if (typeof holder === 'string' || (isList(holder) && !/^\d+$/.test(segment))) note('odd-path')
        holder = isList(holder) ? holder[Number(segment)] : own(holder, segment)
      }
      if (isList(name) && holder === null) note('default-for-null')
    } else if (path !== '') note('odd-path')
    return evaluate(data, run)
  }
}
