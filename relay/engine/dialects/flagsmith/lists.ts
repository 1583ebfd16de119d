/** The lists of IN: commas in a text, JSON in a text, or a list of its own. Parsed here, once. */
import { parseEmbedded } from '../../json.ts'
import type { Spelling } from '../../json.ts'
import type { Json } from '../../outcome.ts'
import { floatOf, integerOf, printedFloat } from './casts.ts'
import type { Condition } from './model.ts'

type Value = NonNullable<Condition['value']>

/** The members as the Python engine prints them. */
export function pythonList(value: Value): ReadonlySet<string> {
  const json = typeof value === 'string' && !value.startsWith('[') ? undefined : jsonList(value)
  if (json === undefined) return new Set(commas(value))
  return new Set(json.list.map((item, index) => printedJson(item, json.spelling.of(json.list, index))))
}

/** The members that a text can be equal to in the npm SDK: only those that are texts. */
export function nodeList(value: Value): ReadonlySet<string> {
  const json = jsonList(value)
  if (json === undefined) return new Set(commas(value))
  return new Set(json.list.filter((item) => typeof item === 'string'))
}

function commas(value: Value): string[] {
  return typeof value === 'string' ? value.split(',') : []
}

function jsonList(value: Value): { readonly list: readonly Json[]; readonly spelling: Spelling } | undefined {
  const text = typeof value === 'string' ? value : value.list
  if (!/^\s*\[/.test(text)) return undefined
  try {
    const { json, spelling } = parseEmbedded(text)
    return Array.isArray(json) ? { list: json, spelling } : undefined
  } catch {
    return undefined
  }
}

function printedJson(item: Json, source: string | undefined): string {
  if (typeof item === 'string') return item
  if (typeof item === 'boolean') return item ? 'True' : 'False'
  if (item === null) return 'None'
  // Lists and objects print in Python's own notation, which no property equals.
  if (typeof item !== 'number') return JSON.stringify(item)
  const text = source ?? String(item)
  const integer = integerOf(text)
  return integer === undefined ? printedFloat(floatOf(text) ?? item) : String(integer)
}
