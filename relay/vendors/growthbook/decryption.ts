/**
 * Encrypted payloads: `base64(iv).base64(ciphertext)`, AES in CBC mode, one text per part of the document. Decrypted text
 * is put into the document as it is: parsing and printing it again would respell its numbers.
 */
import { createDecipheriv } from 'node:crypto'

/** Members that may be encrypted, and what they become. */
const PARTS: readonly (readonly [encrypted: string, plain: string])[] = [
  ['encryptedFeatures', 'features'],
  ['encryptedExperiments', 'experiments'],
  ['encryptedSavedGroups', 'savedGroups'],
  ['encryptedContextualBandits', 'contextualBandits'],
]

/** The bytes of a connection's key; undefined when the text is no AES key in base64. */
export function readKey(text: string): Buffer | undefined {
  const key = Buffer.from(text, 'base64')
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(text)
  return isBase64 && (key.length === 16 || key.length === 24 || key.length === 32) ? key : undefined
}

/**
 * The document with its encrypted parts in plain; the very bytes when nothing is encrypted or they are no JSON object,
 * which is for the reader of documents to complain about. Throws when a part cannot be decrypted.
 */
export function decryptPayload(bytes: Uint8Array, key: Buffer): Uint8Array {
  const text = new TextDecoder().decode(bytes)
  if (!PARTS.some(([encrypted]) => text.includes(`"${encrypted}"`))) return bytes
  const document = parsed(text)
  if (document === undefined) return bytes
  const members = new Map(Object.entries(document).map(([name, value]) => [name, JSON.stringify(value)]))
  let found = false
  for (const [encrypted, plain] of PARTS) {
    const value = document[encrypted]
    if (!Object.hasOwn(document, encrypted) || typeof value !== 'string' || value === '') continue
    members.delete(encrypted)
    members.set(plain, decryptPart(value, key, encrypted))
    found = true
  }
  if (!found) return bytes
  return new TextEncoder().encode(
    `{${[...members].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`,
  )
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** The JSON text of one part. The message never quotes what was decrypted. */
function decryptPart(value: string, key: Buffer, name: string): string {
  try {
    const [iv = '', ciphertext = ''] = value.split('.')
    const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, Buffer.from(iv, 'base64'))
    const plain = Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64')), decipher.final()])
    const text = new TextDecoder('utf-8', { fatal: true }).decode(plain)
    // A wrong key may pass the padding, and its garbage must not become part of a document.
    JSON.parse(text)
    return text
  } catch (error) {
    throw new Error(`${name} cannot be decrypted: options.decryptionKey is not the key of this connection`, {
      cause: error,
    })
  }
}
