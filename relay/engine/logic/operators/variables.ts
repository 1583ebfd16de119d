/** Logic: `var`, `missing` and `missing_some`, the operators that look data up. */
import type { Builder } from '../builder.ts'
import { MEMBER, Node } from '../node.ts'
import type { Evaluate } from '../node.ts'
import type { Operands, Operator } from '../operator.ts'
import { follow, segmentsOf, variable } from '../path.ts'
import { isList, isPrimitive, needList, toInteger, toText } from '../values.ts'

const operation: Operator = {
  passesObjects: true,
  build({ raw, items, whole, builder }): Node | Evaluate {
    note(raw, whole.constant?.value, builder)
    if (typeof raw === 'string' && raw !== '') {
      const segments = segmentsOf(raw)
      const [member] = segments
      if (member !== undefined && segments.length === 1) return new Node(MEMBER, { member })
      return (data, run) => follow(segments, data, run)
    }
    const [path, missing] = items ?? []
    const name = path?.constant?.value
    if (missing !== undefined && items?.length === 2 && typeof name === 'string') {
      const segments = segmentsOf(name)
      return (data, run) => {
        const instead = missing.evaluate(data, run) ?? null
        return data === null ? instead : (follow(segments, data, run) ?? instead)
      }
    }
    return (data, run) => variable(whole.evaluate(data, run), data, run)
  },
}

/** Notes what a variable can come to read; in the scope of elements only, that is nothing of the rule's data. */
function note(raw: unknown, operands: unknown, builder: Builder): void {
  if (builder.scope === 'element') return
  if (builder.scope === 'both' && typeof raw === 'string' && (raw === '' || raw.startsWith('.'))) return
  notePath(isList(raw) && raw.length > 0 ? (isPrimitive(raw[0]) ? raw[0] : undefined) : operands, builder)
}

function notePath(path: unknown, builder: Builder): void {
  if (path === null) return
  const [member, inside] = typeof path === 'string' || typeof path === 'number' ? segmentsOf(toText(path)) : []
  if (member === undefined) builder.reads.everything = true
  else builder.reads.note(member, inside)
}

/** Names may be rules and paths with defaults; whatever is not a plain list of names may name anything. */
function noteNames(names: unknown, builder: Builder): void {
  if (builder.scope !== 'data') return
  if (typeof names === 'string') notePath(names, builder)
  else if (isList(names)) for (const name of names) notePath(isList(name) ? name[0] : name, builder)
  else builder.reads.everything = true
}

const missing: Operator = {
  build({ operator, whole, builder }): Evaluate {
    noteNames(whole.constant?.value, builder)
    builder.appliesParts = true
    return (data, run) => {
      const names = whole.evaluate(data, run)
      const list = typeof names === 'string' ? [names] : needList(names, operator)
      run.spend(list.length)
      return list.filter((name) => variable(run.apply(name, data), data, run) === null)
    }
  },
}

const missingSome: Operator = {
  build({ operator, whole, builder }: Operands): Evaluate {
    const operands = whole.constant?.value
    noteNames(isList(operands) ? operands[1] : undefined, builder)
    builder.appliesParts = true
    return (data, run) => {
      const [needed, names] = needList(whole.evaluate(data, run), operator)
      const enough = toInteger(needed)
      const list = needList(names, operator)
      run.spend(list.length)
      const absent = list.filter((name) => variable(run.apply(name, data), data, run) === null)
      return enough > list.length - absent.length ? absent : []
    }
  },
}

export const variables: readonly (readonly [string, Operator])[] = [
  ['var', operation],
  ['missing', missing],
  ['missing_some', missingSome],
]
