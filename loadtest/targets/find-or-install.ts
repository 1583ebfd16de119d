/** Finds a program, or installs its Debian package where that is allowed; says what to do where it is not. */
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const LOCK = '/tmp/halyard-tests-apt.lock'

/** The absolute path. Rejects with advice when the program is missing and cannot be installed. */
export async function findOrInstall(program: string, debianPackage: string): Promise<string> {
  const present = which(program)
  if (present !== undefined) return present
  const advice = `${program} is not installed (Debian, Ubuntu: apt-get install ${debianPackage})`
  const apt = which('apt-get')
  if (apt === undefined || process.getuid?.() !== 0) throw new Error(advice)
  process.stderr.write(`${program} is missing: installing ${debianPackage}\n`)
  await run([apt, '-q', 'update'])
  await run([apt, '-q', '-y', '--no-install-recommends', 'install', debianPackage])
  const installed = which(program)
  if (installed === undefined) throw new Error(`${advice}; apt-get finished, yet it is not there`)
  return installed
}

function which(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'].filter(Boolean)
  return folders
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

function run([program = '', ...args]: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    // RUNLEVEL=1 keeps the package from starting its service.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
    // apt-get does not run twice at a time; the lock is the one that the relay's tests take, too.
    const child = spawn('flock', [LOCK, program, ...args], { stdio: ['ignore', 2, 2], env })
    child.once('error', reject)
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ${args.join(' ')} failed with code ${code}`)),
    )
  })
}
