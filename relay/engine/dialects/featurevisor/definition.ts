/**
 * What of a feature's definition one of its flags depends on. Two datafiles are compared by these, so an edit of one
 * variable must not make streams push, and clients re-render, every other flag of the feature.
 */
import { own } from '../../context.ts'

/** What a flag asks: the flag itself, its variation, or the named variable. */
export type Asked =
  | { readonly kind: 'flag' }
  | { readonly kind: 'variation' }
  | { readonly kind: 'variable'; readonly name: string }

/** Cut out only when it is turned into JSON: most flags are never compared. */
export class Definition {
  readonly #feature: unknown
  readonly #asked: Asked

  constructor(feature: unknown, asked: Asked) {
    this.#feature = feature
    this.#asked = asked
  }

  toJSON(): unknown {
    const feature = this.#feature
    const asked = this.#asked
    switch (asked.kind) {
      case 'flag':
        return cut(feature, FLAG, (part) => cut(part, DECIDING))
      case 'variation':
        return cut(feature, VARIATION, (part) => cut(part, VARYING))
      case 'variable':
        return cut(feature, VARIABLE, (part) => ({
          ...cut(part, VARYING),
          variables: own(own(part, 'variables'), asked.name),
          variableOverrides: own(own(part, 'variableOverrides'), asked.name),
          schema: own(part, asked.name),
        }))
      default:
        return asked satisfies never
    }
  }
}

const FLAG = ['bucketBy', 'required', 'ranges', 'force', 'traffic', 'requiredFeatures']
const VARIATION = [...FLAG, 'variations', 'disabledVariationValue']
const VARIABLE = [...FLAG, 'variations', 'variablesSchema']
const DECIDING = ['key', 'segments', 'conditions', 'percentage', 'enabled']
const VARYING = [...DECIDING, 'variation', 'value', 'allocation']

/** The named members; lists and objects among them through `inner`, anything else as it is. */
function cut(holder: unknown, names: readonly string[], inner?: (part: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => {
      const member = own(holder, name)
      if (inner === undefined || name === 'required' || name === 'bucketBy' || name === 'ranges') return [name, member]
      if (Array.isArray(member)) return [name, member.map(inner)]
      return [name, typeof member === 'object' && member !== null ? inner(member) : member]
    }),
  )
}
