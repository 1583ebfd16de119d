/**
 * Finds the programs that tests run for real, and installs the Debian package where that is allowed. Without it a
 * fresh machine would skip the tests that matter, or fail with `ENOENT` and no word on what to do.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

const installing = new Map<string, Promise<string>>()

/**
 * The absolute path of `program`, installing `debianPackage` when it is missing and we are root on a machine with
 * apt-get. Rejects with a message that says what to do.
 */
export function findOrInstall(program: string, debianPackage: string): Promise<string> {
  const known = installing.get(program)
  if (known !== undefined) return known
  const found = locate(program, debianPackage)
  installing.set(program, found)
  return found
}

/** The absolute path of `program` on PATH, or undefined. */
export async function which(program: string): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin', '/usr/sbin']
  for (const folder of folders) {
    if (folder === '') continue
    const path = join(folder, program)
    if (await access(path, constants.X_OK).then(yes, no)) return path
  }
  return undefined
}

async function locate(program: string, debianPackage: string): Promise<string> {
  const present = await which(program)
  if (present !== undefined) return present
  const advice = `${program} is needed by the tests. Install it: apt-get install ${debianPackage} (Debian, Ubuntu), or put ${program} on PATH.`
  const apt = await which('apt-get')
  if (apt === undefined) throw new Error(`${advice} There is no apt-get on this machine.`)
  if (process.getuid?.() !== 0) throw new Error(`${advice} It is not installed for you because this is not root.`)
  process.stderr.write(`${program} is missing: installing ${debianPackage} with apt-get\n`)
  await exclusively([apt, '-q', 'update'])
  await exclusively([apt, '-q', '-y', '--no-install-recommends', 'install', debianPackage])
  const installed = await which(program)
  if (installed === undefined) throw new Error(`${advice} apt-get finished, yet it is still not on PATH.`)
  return installed
}

/** Test files run in parallel and apt-get does not: the lock file lets one in at a time. */
async function exclusively(command: readonly string[]): Promise<void> {
  const environment = {
    ...process.env,
    DEBIAN_FRONTEND: 'noninteractive',
    // Tells invoke-rc.d not to start the packaged service: tests start their own.
    RUNLEVEL: '1',
  }
  const lock = '/tmp/halyard-tests-apt.lock'
  await new Promise<void>((resolve, reject) => {
    const child = spawn('flock', [lock, ...command], { stdio: ['ignore', 2, 2], env: environment })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${command.join(' ')} failed with code ${code}`))
    })
  })
}

const yes = (): boolean => true
const no = (): boolean => false
