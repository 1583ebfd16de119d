/**
 * The certificate and key that the relay shows: read while the configuration is checked, since a pair that does not fit
 * would else be found out when the relay starts, or when a worker is replaced at night.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { TlsFiles } from '../relay/serve/settings.ts'
import type { Finding } from './problems.ts'

/** What is wrong with the files, whose paths start at `folder`. */
export function checkTls(tls: TlsFiles | undefined, folder: string): Finding[] {
  if (tls === undefined) return []
  const findings: Finding[] = []
  const read = (name: 'cert' | 'key'): Buffer => {
    try {
      return readFileSync(resolve(folder, tls[name]))
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
      findings.push({ path: ['listen', 'tls', name], message: `is a file that cannot be read (${code})` })
      return Buffer.alloc(0)
    }
  }
  const [cert, key] = [read('cert'), read('key')]
  if (findings.length > 0) return findings
  try {
    createSecureContext({ cert, key })
    return []
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [{ path: ['listen', 'tls'], message: `is no certificate with its key (${why})` }]
  }
}
