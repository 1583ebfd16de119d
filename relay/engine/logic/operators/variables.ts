/** Logic: `var`, `missing` and `missing_some`, the operators that look data up. */
import type { Builder } from '../builder.ts'
import type { Evaluate, Operands, Operator } from '../node.ts'
import { follow, followOne, segmentsOf, variable } from '../path.ts'
import { MEMBER } from '../quick.ts'
import type { Form } from '../quick.ts'
import { isList, isPrimitive, needList, toInteger, toText } from '../values.ts'

const operation: Operator = {
  passesObjects: true,
  quick({ raw }): Form | undefined {
    const member = memberOf(raw)
    return member === undefined ? undefined : { kind: MEMBER, member }
  },
  build({ raw, items, whole, builder }): Evaluate {
    note(raw, whole.constant?.value, builder)
    if (typeof raw === 'string' && raw !== '') {
      const segment = memberOf(raw)
      if (segment !== undefined) return (data, run) => followOne(segment, data, run)
      const segments = segmentsOf(raw)
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

/** The only segment of a path that is written as a text. */
function memberOf(raw: unknown): string | undefined {
  const segments = typeof raw === 'string' ? segmentsOf(raw) : []
  return segments.length === 1 ? segments[0] : undefined
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
