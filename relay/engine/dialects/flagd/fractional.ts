/**
 * `fractional`, in the two generations of its hash. The second hashes a text, by default the flag's key and the
 * targeting key; the third hashes the deterministic CBOR form of any value and so moves every user to another bucket,
 * which is why it is a choice.
 */
import { murmur3, murmur3Bytes } from '../../splits/murmur3.ts'
import type { Evaluate, Node } from '../../logic/node.ts'
import type { Operands, Operator } from '../../logic/operator.ts'
import { own } from '../../context.ts'
import { Root } from '../../logic/root.ts'
import { encodeCbor } from './cbor.ts'
import { choose, readDistribution } from './distribution.ts'
import type { Distribution } from './distribution.ts'
import { JoinedHash, UNJOINED } from './joined-hash.ts'

/** What is hashed, found among the operands or in the data. */
interface Drawn {
  readonly hash: number
  /** Index of the first entry among the operands. */
  readonly from: number
}

/** `generation`: 2 as the daemon has it, 3 as its accepted successor. */
export function fractional(generation: 2 | 3): Operator {
  const draw = generation === 2 ? drawText : drawValue
  return {
    build(operands: Operands): Evaluate {
      const { items, whole, raw, builder } = operands
      const written = items?.[0]?.constant?.value
      if (builder.scope === 'data' && typeof written !== 'string') {
        builder.reads.note('targetingKey', undefined)
      }
      const known = items === undefined ? [] : [distributionFrom(items, 0), distributionFrom(items, 1)]
      const joined = generation === 2 ? JoinedHash.of(items?.[0], firstOf(raw), known[1]) : undefined
      return (data, run) => {
        const chosen = joined === undefined ? UNJOINED : joined.choose(data, run)
        if (chosen !== UNJOINED) return chosen
        const list = whole.evaluate(data, run)
        if (!Array.isArray(list) || list.length === 0) return null
        const drawn = draw(list, data)
        if (drawn === undefined) return null
        run.spend(list.length / 4)
        const distribution = known[drawn.from] ?? readDistribution(list.slice(drawn.from))
        return distribution === undefined ? null : choose(distribution, drawn.hash)
      }
    },
  }
}

function firstOf(raw: unknown): unknown {
  return Array.isArray(raw) ? raw[0] : undefined
}

/** The distribution of the operands from an index on, when all of them are known beforehand. */
function distributionFrom(items: readonly Node[], from: number): Distribution | undefined {
  const entries = items.slice(from)
  if (entries.some((entry) => entry.constant === undefined)) return undefined
  return readDistribution(entries.map((entry) => entry.constant?.value))
}

function drawText(operands: readonly unknown[], data: unknown): Drawn | undefined {
  const [first] = operands
  if (typeof first === 'string') return { hash: murmur3(first, 0), from: 1 }
  const key = memberOf(data, 'targetingKey')
  if (typeof key !== 'string' || key === '') return undefined
  return { hash: murmur3(flagKeyOf(data) + key, 0), from: first === null ? 1 : 0 }
}

function drawValue(operands: readonly unknown[], data: unknown): Drawn | undefined {
  const [first] = operands
  if (first === null) return undefined
  if (!Array.isArray(first)) return { hash: hashValue(first), from: 1 }
  const key = memberOf(data, 'targetingKey')
  return typeof key === 'string' ? { hash: hashValue([flagKeyOf(data), key]), from: 0 } : undefined
}

function hashValue(value: unknown): number {
  const bytes = encodeCbor(value)
  return murmur3Bytes(bytes, bytes.length, 0)
}

function flagKeyOf(data: unknown): string {
  const key = own(memberOf(data, '$flagd'), 'flagKey')
  return typeof key === 'string' ? key : ''
}

function memberOf(data: unknown, name: string): unknown {
  return data instanceof Root ? data.member(name) : own(data, name)
}
