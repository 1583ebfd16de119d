/**
 * Logic: variables. A dotted path is cut once; empty segments are skipped, null anywhere ends the search, and only own
 * members are seen. What a caller handed over as a Date counts as its ISO text, since rules know no dates.
 */
import { own } from '../context.ts'
import { LogicError } from './error.ts'
import { toInteger, toText, isList, isPrimitive, isObject } from './values.ts'
import type { List } from './values.ts'
import { Root } from './root.ts'
import type { Run } from './run.ts'

export function segmentsOf(path: string): readonly string[] {
  return path.split('.').filter((segment) => segment !== '')
}

/** What the path leads to, the data themselves when it has no segments, or null. */
export function follow(segments: readonly string[], data: unknown, run: Run): unknown {
  const first = segments[0]
  if (first === undefined) return data instanceof Root ? plain(data.all(), run) : data
  let value: unknown = step(data, first)
  for (let index = 1; index < segments.length && value !== null; index++) value = step(value, segments[index] ?? '')
  return isPrimitive(value) || value === null ? value : plain(value, run)
}

/** As `follow` with a single segment, which is what most variables of most rules have. */
export function followOne(segment: string, data: unknown, run: Run): unknown {
  const { root } = run
  const value = data === root && root !== undefined ? (root.member(segment) ?? null) : step(data, segment)
  return typeof value === 'string' ? value : isPrimitive(value) || value === null ? value : plain(value, run)
}

function step(holder: unknown, segment: string): unknown {
  if (holder instanceof Root) return holder.member(segment) ?? null
  // A segment that is no number is read as 0, as the library does.
  if (isList(holder)) return holder[toInteger(segment)] ?? null
  return own(holder, segment) ?? null
}

/** What `var` gives for evaluated operands: a path, or a list of a path and its default. */
export function variable(operands: unknown, data: unknown, run: Run): unknown {
  if (operands === null) return isPrimitive(data) ? data : null
  if (operands === '') return follow([], data, run)
  if (isList(operands)) return variableOr(operands, data, run)
  if (data === null) return null
  return follow(segmentsOf(pathOf(typeof operands === 'number' ? toText(operands) : operands)), data, run)
}

function variableOr(operands: List, data: unknown, run: Run): unknown {
  if (operands.length === 0) return follow([], data, run)
  const path = pathOf(operands[0])
  const missing = operands.length === 2 ? (operands[1] ?? null) : null
  return data === null ? missing : (follow(segmentsOf(path), data, run) ?? missing)
}

function pathOf(value: unknown): string {
  if (typeof value === 'string') return value
  throw new LogicError('"var" needs the name of a variable')
}

/** A container from the data with everything in it that JSON knows. Copies only where something must change. */
function plain(value: unknown, run: Run, depth: number = 0): unknown {
  if (value === null || isPrimitive(value)) return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object') return null
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (depth > MAX_DEPTH) throw new LogicError('the data nest too deeply')
  if (isList(value)) {
    run.spend(value.length / 16)
    const copy = value.map((element) => plain(element, run, depth + 1))
    return copy.every((element, index) => element === value[index]) ? value : copy
  }
  if (!isObject(value)) return null
  const entries = Object.entries(value)
  run.spend(1 + entries.length / 4)
  const copies = entries.map(([name, member]): [string, unknown] => [name, plain(member, run, depth + 1)])
  return copies.every(([, member], index) => member === entries[index]?.[1]) ? value : Object.fromEntries(copies)
}

const MAX_DEPTH = 100
