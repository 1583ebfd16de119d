/**
 * CBOR, core deterministic encoding (RFC 8949, 4.2.1), of JSON values. `fractional` of generation 3 hashes these bytes:
 * one byte encoded otherwise and the user lands in another bucket than with every other engine.
 */
import { LogicError } from '../../logic/error.ts'

const MAX_DEPTH = 100
/** Room for a value that is hashed; more is no unit of randomisation but an attack. Bytes. */
const MAX_BYTES = 1_000_000

const UTF8 = new TextEncoder()

/** The bytes of a JSON value. Throws LogicError for what is too large or too deep. */
export function encodeCbor(value: unknown): Uint8Array {
  const bytes: number[] = []
  write(value, bytes, 0)
  return Uint8Array.from(bytes)
}

function write(value: unknown, bytes: number[], depth: number): void {
  if (depth > MAX_DEPTH || bytes.length > MAX_BYTES) throw new LogicError('the value is too large to be hashed')
  if (typeof value === 'string') return writeText(value, bytes)
  if (typeof value === 'number') return writeNumber(value, bytes)
  if (typeof value === 'boolean') bytes.push(value ? 0xf5 : 0xf4)
  else if (Array.isArray(value)) {
    writeHead(4, BigInt(value.length), bytes)
    for (const element of value) write(element, bytes, depth + 1)
  } else if (typeof value === 'object' && value !== null) writeMap(value, bytes, depth)
  else bytes.push(0xf6)
}

function writeText(text: string, bytes: number[]): void {
  const encoded = UTF8.encode(text)
  if (encoded.length > MAX_BYTES) throw new LogicError('the value is too large to be hashed')
  writeHead(3, BigInt(encoded.length), bytes)
  for (const byte of encoded) bytes.push(byte)
}

/** Members in the order of their encoded names. */
function writeMap(map: object, bytes: number[], depth: number): void {
  const members = Object.entries(map).map(([name, member]): [number[], unknown] => {
    const encoded: number[] = []
    writeText(name, encoded)
    return [encoded, member]
  })
  writeHead(5, BigInt(members.length), bytes)
  for (const [name, member] of members.sort(([a], [b]) => compareBytes(a, b))) {
    for (const byte of name) bytes.push(byte)
    write(member, bytes, depth + 1)
  }
}

function compareBytes(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((byte, index) => byte !== b[index])
  return at === -1 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? 0)
}

/** Whole numbers that 64 bits hold are integers, whatever their spelling; others the shortest float that keeps them. */
function writeNumber(value: number, bytes: number[]): void {
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64) {
    return value < 0 ? writeHead(1, -1n - BigInt(value), bytes) : writeHead(0, BigInt(value), bytes)
  }
  const view = new DataView(new ArrayBuffer(8))
  const half = toHalf(value)
  if (half !== undefined) {
    view.setUint16(0, half)
    return writeFloat(0xf9, view, 2, bytes)
  }
  if (Number.isNaN(value) || Math.fround(value) === value) {
    view.setFloat32(0, value)
    return writeFloat(0xfa, view, 4, bytes)
  }
  view.setFloat64(0, value)
  writeFloat(0xfb, view, 8, bytes)
}

function writeFloat(head: number, view: DataView, length: number, bytes: number[]): void {
  bytes.push(head)
  for (let index = 0; index < length; index++) bytes.push(view.getUint8(index))
}

/** The bits of a 16-bit float, undefined when it cannot hold the value exactly. */
function toHalf(value: number): number | undefined {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 ? 0x8000 : 0
  const size = Math.abs(value)
  if (size === Infinity) return sign | 0x7c00
  const exponent = Math.max(Math.floor(Math.log2(size)), -14)
  // Ten bits follow the leading one; below 2^-14 there is no leading one.
  const steps = size * 2 ** (10 - exponent)
  if (size > 65_504 || !Number.isInteger(steps)) return undefined
  return sign | (exponent === -14 && steps < 1024 ? steps : ((exponent + 15) << 10) + (steps - 1024))
}

function writeHead(major: number, size: bigint, bytes: number[]): void {
  const type = major << 5
  if (size < 24n) {
    bytes.push(type | Number(size))
    return
  }
  const width = size < 0x100n ? 1 : size < 0x10000n ? 2 : size < 0x1_0000_0000n ? 4 : 8
  bytes.push(type | (24 + Math.log2(width)))
  for (let shift = width - 1; shift >= 0; shift--) bytes.push(Number((size >> BigInt(8 * shift)) & 0xffn))
}
