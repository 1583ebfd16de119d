/**
 * Certificates of our own for `localhost` and 127.0.0.1, good for a hundred years and for tests alone: nothing trusts
 * them. `first` and `second` differ, for changing one while a door is open.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TlsFiles } from '../../settings.ts'

export function certificate(name: 'first' | 'second'): TlsFiles {
  return { cert: join(import.meta.dirname, `${name}.cert.pem`), key: join(import.meta.dirname, `${name}.key.pem`) }
}

/** What a client that is to trust it needs. */
export function authority(name: 'first' | 'second'): Buffer {
  return readFileSync(certificate(name).cert)
}
