/**
 * Saved groups: lists of values or conditions that many features share. Version 1 is a bare list; version 2 an entry with
 * a type. Sets are made once per group, since a list may hold a million ids that a hundred rules ask for.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { own } from '../../context.ts'
import type { Report } from './operators.ts'
import { isObject, show } from './shape.ts'
import type { Members } from './shape.ts'

/** What `$savedGroup` means. */
export type Reference =
  | { readonly kind: 'never' }
  | { readonly kind: 'list'; readonly id: string; readonly path: string; readonly values: ReadonlySet<unknown> }
  | { readonly kind: 'condition'; readonly id: string; readonly condition: Members }

const NEVER: Reference = { kind: 'never' }

export class Groups {
  readonly #entries: ReadonlyMap<string, unknown>
  readonly #sets = new Map<string, ReadonlySet<unknown>>()
  readonly #digests = new Map<string, string>()
  /** Undefined while the groups that a group refers to are being followed. */
  readonly #cyclic = new Map<string, boolean | undefined>()

  constructor(entries: ReadonlyMap<string, unknown>) {
    this.#entries = entries
  }

  /** Ids of the groups that are conditions. */
  get conditions(): string[] {
    return [...this.#entries.keys()].filter((id) => this.condition(id) !== undefined)
  }

  /** The condition of a group of version 2; undefined for other groups. */
  condition(id: string): Members | undefined {
    const entry = this.#entries.get(id)
    const condition = own(entry, 'type') === 'condition' ? own(entry, 'condition') : undefined
    return isObject(condition) ? condition : undefined
  }

  /**
   * The values of `$inGroup` and `$notInGroup`, empty for an id that no group has; undefined for what is no list, which
   * makes both operators false.
   */
  values(id: string): ReadonlySet<unknown> | undefined {
    const known = this.#sets.get(id)
    if (known !== undefined) return known
    const entry = this.#entries.get(id)
    const list = entry === undefined ? [] : Array.isArray(entry) ? entry : this.#listed(id)
    if (!Array.isArray(list)) return undefined
    const values = new Set<unknown>(list)
    this.#sets.set(id, values)
    return values
  }

  #listed(id: string): unknown {
    const entry = this.#entries.get(id)
    return own(entry, 'type') === 'list' ? own(entry, 'values') : undefined
  }

  /** What a `$savedGroup` operand refers to. Whatever is not understood matches nobody and is reported. */
  reference(operand: unknown, at: string, report: Report): Reference {
    const id = own(operand, 'id')
    const attributeKey = own(operand, 'attributeKey')
    if (
      !isObject(operand) ||
      typeof id !== 'string' ||
      !(attributeKey === undefined || typeof attributeKey === 'string')
    ) {
      report(at, 'must be an object of an id and perhaps an attributeKey, and matches nobody otherwise')
      return NEVER
    }
    const condition = this.condition(id)
    if (condition !== undefined) return { kind: 'condition', id, condition }
    const path = attributeKey ?? own(this.#entries.get(id), 'attributeKey')
    if (typeof path === 'string' && Array.isArray(this.#listed(id))) {
      return { kind: 'list', id, path, values: this.values(id) ?? new Set() }
    }
    report(at, `matches nobody: saved group ${show(id)} is not in the document or not one of version 2`)
    return NEVER
  }

  /** Whether following a group can lead back to a group on the way. */
  isCyclic(id: string): boolean {
    if (this.#cyclic.has(id)) return this.#cyclic.get(id) ?? true
    this.#cyclic.set(id, undefined)
    const cyclic = [...referredIds(this.#entries.get(id))].some((other) => this.isCyclic(other))
    this.#cyclic.set(id, cyclic)
    return cyclic
  }

  /**
   * Texts that change with the groups a definition refers to, directly or through others. Part of what a feature is
   * defined by: else a changed group would not reach streams and caches.
   */
  digests(definition: unknown): Record<string, string> {
    const found = new Map<string, string>()
    const pending = [...referredIds(definition)]
    while (pending.length > 0) {
      const id = pending.pop()
      if (id === undefined || found.has(id)) continue
      found.set(id, this.#digest(id))
      pending.push(...referredIds(this.#entries.get(id)))
    }
    return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #digest(id: string): string {
    const entry = this.#entries.get(id)
    if (entry === undefined) return ''
    let digest = this.#digests.get(id)
    if (digest === undefined) {
      digest = bytesToHex(sha256(utf8ToBytes(JSON.stringify(entry)))).slice(0, 32)
      this.#digests.set(id, digest)
    }
    return digest
  }
}

/** Every id that some group operator inside a value names; wider than what is evaluated does no harm. */
function referredIds(value: unknown): Set<string> {
  const ids = new Set<string>()
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next !== 'object' || next === null) continue
    for (const [name, member] of Object.entries(next)) {
      if (name === '$savedGroup') ids.add(String(own(member, 'id')))
      else if (name === '$inGroup' || name === '$notInGroup') ids.add(String(member))
      else if (typeof member === 'object') pending.push(member)
    }
  }
  return ids
}
