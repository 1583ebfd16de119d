/**
 * How one generation looks at rest, on disk and in Redis alike: a line of JSON that describes the bytes, then the bytes.
 *
 *     {"format":1,"environment":"shop","epoch":0,"version":7,"sha256":"…",…,"length":81234,"check":"…"}\n<bytes>
 *
 * `sha256` guards the bytes and `check` the header itself, or a flipped digit could make an old document the newest.
 * Whatever is read back is checked against its own description: a half-written or flipped value is worth nothing, and
 * served it would be worse than nothing.
 */
import { createHash } from 'node:crypto'
import type { Generation } from './store.ts'

const FORMAT = 1
const NEWLINE = 0x0a
/** A header longer than this is no header. Bytes. */
const HEADER_MAX = 8 * 1024

/** What was read: a generation that is whole, or why it is not. */
export type Decoded = { readonly generation: Generation } | { readonly problem: string }

/** One buffer, ready to be written. */
export function encodeGeneration(generation: Generation): Buffer {
  const { bytes, ...described } = generation
  const fields = { format: FORMAT, ...described, length: bytes.length }
  const header = JSON.stringify({ ...fields, check: checkOf(fields) })
  return Buffer.concat([Buffer.from(`${header}\n`), bytes])
}

/** Never throws. The returned bytes are a copy and share no memory with `stored`. */
export function decodeGeneration(stored: Uint8Array, environment: string): Decoded {
  const end = stored.subarray(0, HEADER_MAX).indexOf(NEWLINE)
  if (end < 0) return { problem: 'it has no header' }
  const header = parseHeader(stored.subarray(0, end))
  if (typeof header === 'string') return { problem: header }
  if (header.environment !== environment) return { problem: 'it belongs to another environment' }
  const { length, ...described } = header
  if (stored.length - end - 1 !== length) {
    return { problem: `it has ${stored.length - end - 1} bytes instead of ${length}` }
  }
  const bytes = new Uint8Array(stored.subarray(end + 1))
  if (sha256Of(bytes) !== header.sha256) return { problem: 'its checksum does not match' }
  return { generation: { ...described, bytes } }
}

/** Lower-case hex SHA-256, as in `Generation.sha256`. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function checkOf(fields: object): string {
  return sha256Of(Buffer.from(JSON.stringify(fields))).slice(0, 16)
}

function parseHeader(line: Uint8Array): (Omit<Generation, 'bytes'> & { length: number }) | string {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder().decode(line))
  } catch {
    return 'its header is not readable'
  }
  if (typeof parsed !== 'object' || parsed === null) return 'its header is not readable'
  const fields = new Map(Object.entries(parsed))
  if (fields.get('format') !== FORMAT) return 'its format is not known to this version'
  const check: unknown = fields.get('check')
  fields.delete('check')
  if (check !== checkOf(Object.fromEntries(fields))) return 'its header is damaged'
  const text = (name: string): string | undefined => {
    const value: unknown = fields.get(name)
    return typeof value === 'string' ? value : undefined
  }
  const count = (name: string): number | undefined => {
    const value: unknown = fields.get(name)
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
  }
  const [environment, sha256, dialect] = [text('environment'), text('sha256'), text('dialect')]
  const [epoch, version, length] = [count('epoch'), count('version'), count('length')]
  const [savedAt, receivedAt] = [count('savedAt'), count('receivedAt')]
  if (environment === undefined || sha256 === undefined || dialect === undefined) return 'its header is incomplete'
  if (epoch === undefined || version === undefined || length === undefined) return 'its header is incomplete'
  if (savedAt === undefined || receivedAt === undefined) return 'its header is incomplete'
  const pinnedAgainst = text('pinnedAgainst')
  const pin = pinnedAgainst === undefined ? undefined : { pinnedAgainst }
  return { environment, epoch, version, sha256, dialect, savedAt, receivedAt, ...pin, length }
}
