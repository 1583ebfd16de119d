/** The little of protocol buffers that flagd's sync messages need: fields that are strings, and stepping over all others. */
import { UpstreamError } from '../../upstream/upstream-error.ts'

const VARINT = 0
const EIGHT_BYTES = 1
const LENGTH = 2
const FOUR_BYTES = 5

/** A message of string fields with numbers below 16; empty ones are left out, as the format has it. */
export function encodeStrings(fields: Readonly<Record<number, string>>): Uint8Array {
  const parts = Object.entries(fields).flatMap(([number, text]) => {
    const bytes = Buffer.from(text, 'utf8')
    return bytes.length === 0 ? [] : [Buffer.from([(Number(number) << 3) | LENGTH, ...varint(bytes.length)]), bytes]
  })
  return Buffer.concat(parts)
}

/** The string in a field; empty when the message does not have it. Throws UpstreamError when it is no such message. */
export function decodeString(message: Uint8Array, field: number): string {
  let at = 0
  let found = ''
  const read = (): number => {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[at++]
      if (byte === undefined) throw unreadable()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw unreadable()
  }
  while (at < message.length) {
    const tag = read()
    const type = tag % 8
    const length = type === LENGTH ? read() : 0
    if (type === LENGTH && (tag - type) / 8 === field) found = text(message.subarray(at, at + length), length)
    if (type === VARINT) read()
    else if (type === LENGTH) at += length
    else if (type === EIGHT_BYTES) at += 8
    else if (type === FOUR_BYTES) at += 4
    else throw unreadable()
    if (at > message.length) throw unreadable()
  }
  return found
}

function text(bytes: Uint8Array, length: number): string {
  if (bytes.length !== length) throw unreadable()
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw unreadable()
  }
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))]
}

function unreadable(): UpstreamError {
  return new UpstreamError('protocol', 'the server sent a message that cannot be read')
}
