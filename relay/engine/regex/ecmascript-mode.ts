/** Regex: what every part of the ECMAScript grammar needs to know about the pattern as a whole, and its case folding. */
import { closeOver } from './casing.ts'
import type { CharSet } from './charset.ts'
import type { Cursor, Flags } from './parse.ts'

export interface Mode {
  readonly cursor: Cursor
  /** Flag u or v: code points, strict escapes, properties. */
  readonly unicode: boolean
  /** Flag v: complements are taken after case folding, and classes have set operations. */
  readonly sets: boolean
  readonly named: boolean
  readonly groups: number
}

/** The set, closed over case where the flags ignore it. */
export function folded(set: CharSet, mode: Mode, flags: Flags): CharSet {
  return flags.ignoreCase ? closeOver(set, mode.unicode ? 'unicode' : 'units') : set
}
