/** A certificate authority of the tests' own, made anew each time: nothing that expires lies around. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findOrInstall } from '../../testing/install.ts'

export interface PrivateAuthority {
  /** PEM, as all of these. */
  readonly ca: string
  /** Of a server on 127.0.0.1 and localhost, signed by the authority. */
  readonly certificate: string
  readonly key: string
}

export async function privateAuthority(): Promise<PrivateAuthority> {
  const program = await findOrInstall('openssl', 'openssl')
  const folder = mkdtempSync(join(tmpdir(), 'halyard-authority-'))
  const openssl = (...args: string[]): void => void execFileSync(program, args, { cwd: folder, stdio: 'pipe' })
  try {
    const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    openssl('req', '-x509', ...fresh, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=tests')
    openssl('req', ...fresh, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost')
    writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost')
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names']
    openssl('x509', '-req', '-in', 'server.csr', ...signed, '-out', 'server.pem')
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
    return { ca: read('ca.pem'), certificate: read('server.pem'), key: read('server.key') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
