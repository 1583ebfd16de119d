/**
 * What both of Flagsmith's documents say, in one shape: lowering reads this and never asks which of the two it came from.
 */
import type { Tools } from '../../dialect.ts'

/** Priorities made from UUIDs have 128 bits; less is stronger. */
export type Priority = number | bigint

/** A value as stored, and its JSON text where that differs from JavaScript's. */
export interface Stored {
  readonly value: null | boolean | number | string
  readonly valueText?: string
}

export interface Variant extends Stored {
  readonly weight: number
  readonly priority: Priority
  readonly key?: string
}

/** A feature's state: the environment's own, or one that overrides it. */
export interface Feature extends Stored {
  /** Goes into the hash of the split. */
  readonly key: string
  readonly enabled: boolean
  readonly priority: Priority
  /** In document order. */
  readonly variants: readonly Variant[]
  readonly id?: number
}

export interface Condition {
  readonly property: string
  readonly operator: string
  /** A list is kept as its JSON text, with numbers spelled as in the document. */
  readonly value: string | { readonly list: string } | null
}

export interface Rule {
  readonly type: string
  readonly conditions: readonly Condition[]
  readonly rules: readonly Rule[]
}

/** Something that has a feature's name but is not read further yet. */
export interface Item {
  readonly name: string
  readonly path: string
  readonly definition: object
}

export interface SegmentItem extends Item {
  /** Unique in the document. */
  readonly id: string
  /** Goes into the hash of percentage splits. */
  readonly key: string
  readonly overrides: readonly Item[]
}

export interface Identity {
  readonly identifier: string
  readonly overrides: readonly Item[]
}

export interface FlagsmithDocument {
  readonly environment: { readonly key: string; readonly name: string }
  /** In document order; of features with one name the last. */
  readonly features: readonly Item[]
  readonly segments: readonly SegmentItem[]
  readonly identities: readonly Identity[]
  /** Reads one feature's state. Throws FlagError with a path inside the item. */
  readonly feature: (item: Item, tools: Tools) => Feature
  /** The member of a condition that names its property. */
  readonly propertyMember: 'property' | 'property_'
  /** Whether segments may match where there is no identity: engines do that, SDKs and the API never ask them to. */
  readonly segmentsWithoutIdentity: boolean
  /** Features that client-side keys never see. */
  readonly serverOnly: ReadonlySet<number>
  /** Whether client-side keys do not see disabled features. */
  readonly hidesDisabled: boolean
}

/** Negative, zero or positive; exact between numbers and 128-bit integers. */
export function comparePriorities(a: Priority, b: Priority): number {
  return a < b ? -1 : a > b ? 1 : 0
}
