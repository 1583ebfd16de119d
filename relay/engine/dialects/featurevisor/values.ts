/**
 * Values of variables as they are served. A variable of type `json` may hold its value as text, `double` tells typed
 * clients that even 1 is a float, and null is served as no value at all: OpenFeature has no null.
 */
import { own } from '../../context.ts'
import { parseEmbedded } from '../../json.ts'
import type { Spelling } from '../../json.ts'
import { spellNumbers } from '../../numbers.ts'
import type { Json } from '../../outcome.ts'

/** A value and how it is spelled. Without `value` the document says null. */
export interface Served {
  readonly value?: Json
  readonly valueText?: string
  /** Text that was announced as JSON and is none: no value, except to callers who ask for a text. */
  readonly broken?: string
}

/** The value under a member, for a variable of the given type; undefined when the member is absent. */
export function served(holder: object, member: string, type: string, spelling: Spelling): Served | undefined {
  const value = own(holder, member) as Json | undefined
  if (value === undefined) return undefined
  if (value === null) return {}
  if (type === 'json' && typeof value === 'string') return parsed(value)
  if (typeof value === 'string' || typeof value === 'boolean') return { value }
  return spelled(value, spelling.encode(holder, member), type === 'double')
}

function parsed(text: string): Served {
  try {
    const { json, spelling } = parseEmbedded(text)
    if (json === null) return {}
    if (typeof json === 'number') return spelled(json, text.trim(), false)
    return typeof json === 'object' ? spelled(json, spelling.encode({ json }, 'json'), false) : { value: json }
  } catch {
    return { broken: text }
  }
}

function spelled(value: Json, text: string, float: boolean): Served {
  const differs = text !== JSON.stringify(value)
  const [valueText] = spellNumbers([differs ? { value, valueText: text } : { value }], float)
  return valueText === undefined ? { value } : { value, valueText }
}
