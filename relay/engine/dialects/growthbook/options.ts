/**
 * The dialect's options: what an application would give the vendor's SDK beside the payload, as far as it makes sense
 * for a relay that answers for many users. A typo must not silently fall back to a default.
 */
import { own } from '../../context.ts'
import type { Json } from '../../outcome.ts'
import { DocumentError } from '../../problem.ts'
import { isObject, show } from './shape.ts'

export interface Options {
  /** The attribute that the targeting key becomes, unless the context has one of that name. Default `id`. */
  readonly targetingKeyAttribute: string
  /** Attributes of every user; those of the context go before them. Default none. */
  readonly globalAttributes: ReadonlyMap<string, unknown>
  /** Attributes of every user that go before those of the context. Default none. */
  readonly attributeOverrides: ReadonlyMap<string, unknown>
  /** Experiment key → index of the variation that everybody gets. Default none. */
  readonly forcedVariations: ReadonlyMap<string, number>
  /** Feature key → its value, whatever its rules say, and whether or not the document has it. Default none. */
  readonly forcedFeatures: ReadonlyMap<string, Json>
  /**
   * The attribute that holds the user's URL, in whose query string `?experiment-key=1` chooses a variation. Default
   * none, because whoever sets the context could then choose.
   */
  readonly urlAttribute: string | undefined
  /** Nobody is put into an experiment except by force. Default false. */
  readonly qaMode: boolean
  /** Whether experiments run at all. Default true. */
  readonly enabled: boolean
  /**
   * Users keep the variation that their assignment documents name, and rules may hash a fallback attribute. The caller
   * keeps the documents and sends them in the context member `stickyBucketAssignmentDocs`, an object from
   * `attribute||value` to document; the relay stores nothing. What to save is told in the metadata of an answer:
   * `hashAttribute`, `stickyBucketKey` and the variant. Default false.
   */
  readonly stickyBucketing: boolean
}

/** Throws DocumentError naming the option that is wrong. */
export function readOptions(options: Readonly<Record<string, unknown>>): Options {
  const targetingKeyAttribute = name(options, 'targetingKeyAttribute') ?? 'id'
  return {
    targetingKeyAttribute,
    globalAttributes: members(options, 'globalAttributes'),
    attributeOverrides: members(options, 'attributeOverrides'),
    forcedVariations: new Map(
      [...members(options, 'forcedVariations')].map(([key, index]) => [key, whole(key, index)]),
    ),
    forcedFeatures: members(options, 'forcedFeatures') as ReadonlyMap<string, Json>,
    urlAttribute: name(options, 'urlAttribute'),
    qaMode: flag(options, 'qaMode', false),
    enabled: flag(options, 'enabled', true),
    stickyBucketing: flag(options, 'stickyBucketing', false),
  }
}

function name(options: Readonly<Record<string, unknown>>, option: string): string | undefined {
  const value = own(options, option)
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw wrong(option, 'must be the name of an attribute', value)
}

function flag(options: Readonly<Record<string, unknown>>, option: string, fallback: boolean): boolean {
  const value = own(options, option) ?? fallback
  if (typeof value !== 'boolean') throw wrong(option, 'must be true or false', value)
  return value
}

function members(options: Readonly<Record<string, unknown>>, option: string): ReadonlyMap<string, unknown> {
  const value = own(options, option) ?? {}
  if (!isObject(value)) throw wrong(option, 'must be an object', value)
  return new Map(Object.entries(value).filter(([, member]) => member !== undefined))
}

function whole(key: string, index: unknown): number {
  if (typeof index === 'number' && Number.isInteger(index)) return index
  throw wrong(`forcedVariations.${key}`, 'must be the index of a variation, from 0', index)
}

function wrong(option: string, rule: string, value: unknown): DocumentError {
  return new DocumentError(`options.${option}`, `${rule}, is ${show(value)}`)
}
