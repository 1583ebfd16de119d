/**
 * An npm package at one exact version for a comparison, in a folder of its own below the machine's temporary one: peers
 * that nobody needs for anything but a measurement do not belong among the repository's dependencies.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Installs it unless it is there, and loads it. Rejects where npm cannot. No install scripts are run. */
export async function installPackage(name: string, version: string, peers: readonly string[] = []): Promise<unknown> {
  const folder = join(tmpdir(), 'halyard-loadtest-packages', `${name.replaceAll(/[^\w-]/g, '_')}-${version}`)
  const manifest = join(folder, 'node_modules', name, 'package.json')
  if (!existsSync(manifest)) {
    const attempt = `${folder}.${process.pid}`
    mkdirSync(attempt, { recursive: true })
    writeFileSync(join(attempt, 'package.json'), '{"private":true}')
    try {
      await npm(attempt, [`${name}@${version}`, ...peers])
      rmSync(folder, { recursive: true, force: true })
      renameSync(attempt, folder)
    } finally {
      rmSync(attempt, { recursive: true, force: true })
    }
  }
  const { version: found } = JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string }
  if (found !== version) throw new Error(`${name} is there in version ${found}, not ${version}`)
  return createRequire(manifest)(name)
}

function npm(folder: string, packages: readonly string[]): Promise<void> {
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--silent', ...packages]
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd: folder, stdio: ['ignore', 2, 2] })
    child.once('error', reject)
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`npm install ${packages.join(' ')} failed with code ${code}`)),
    )
  })
}
