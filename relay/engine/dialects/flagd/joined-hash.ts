/**
 * `fractional` by a `cat` of plain texts and variables, as nearly every one is written: hashed piece by piece, since
 * joining the pieces costs more than hashing them. What is known of the beginning is hashed when the rule is read.
 */
import { isInk } from '../../logic/go-text.ts'
import { evaluate } from '../../logic/node.ts'
import type { Node } from '../../logic/node.ts'
import type { Run } from '../../logic/run.ts'
import { isObject } from '../../logic/values.ts'
import { Murmur3Ascii } from '../../splits/murmur3.ts'
import { choose } from './distribution.ts'
import type { Distribution } from './distribution.ts'

/** No variant: the texts must be joined, trimmed and encoded for the hash. */
export const UNJOINED: unique symbol = Symbol('unjoined')

export class JoinedHash {
  readonly #pieces: readonly Node[]
  readonly #distribution: Distribution
  readonly #known: Murmur3Ascii = new Murmur3Ascii(0)
  readonly #hash: Murmur3Ascii = new Murmur3Ascii(0)
  /** Index of the first piece that is not in `#known`. */
  readonly #from: number

  private constructor(pieces: readonly Node[], distribution: Distribution) {
    this.#pieces = pieces
    this.#distribution = distribution
    let from = 0
    // The last piece is always looked at, for the blanks that it may end with.
    for (; from < pieces.length - 1; from++) {
      const text = pieces[from]?.constant?.value
      if (typeof text !== 'string' || (from === 0 && !isInk(text.charCodeAt(0))) || !isAscii(text)) break
      this.#known.add(text)
    }
    this.#from = from
  }

  /** `raw`: the operand as the rule has it. Undefined when it is no `cat` of texts and variables. */
  static of(node: Node | undefined, raw: unknown, distribution: Distribution | undefined): JoinedHash | undefined {
    const pieces = node?.joins
    const written = isObject(raw) ? Object.values(raw)[0] : undefined
    // Pieces that are operations of their own could come back to this very hash while it is under way.
    if (pieces === undefined || distribution === undefined) return undefined
    if (!Array.isArray(written) || !written.every(isPlain)) return undefined
    return new JoinedHash(pieces, distribution)
  }

  /** The variant, or UNJOINED. Not the hash: a number of 32 bits would be allocated to be handed out. */
  choose(data: unknown, run: Run): unknown {
    const hash = this.#hash
    hash.from(this.#known)
    const last = this.#pieces.length - 1
    for (let index = this.#from; index <= last; index++) {
      const node = this.#pieces[index]
      const piece = node === undefined ? undefined : evaluate(node, data, run)
      if (typeof piece !== 'string') return UNJOINED
      if (index === 0 && !isInk(piece.charCodeAt(0))) return UNJOINED
      if (index === last && !isInk(piece.charCodeAt(piece.length - 1))) return UNJOINED
      if (!hash.add(piece)) return UNJOINED
    }
    run.spend(last)
    return choose(this.#distribution, hash.value)
  }
}

function isPlain(operand: unknown): boolean {
  if (typeof operand === 'string') return true
  return isObject(operand) && typeof operand['var'] === 'string' && Object.keys(operand).length === 1
}

function isAscii(text: string): boolean {
  return new Murmur3Ascii(0).add(text)
}
