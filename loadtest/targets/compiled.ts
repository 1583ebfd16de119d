/**
 * The relay as the image runs it: compiled by the repository's own build, production layout, no type stripping. Start-up
 * and memory of the sources say little about it.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

export interface CompiledRelay {
  readonly main: string
  readonly remove: () => void
}

/** Builds into dist/ as `npm run build` does, then lays a copy out as an installed application. Throws what the build says. */
export function compileRelay(): CompiledRelay {
  try {
    execFileSync(process.execPath, [join(ROOT, 'relay/build/build.ts')], { cwd: ROOT, stdio: 'pipe', encoding: 'utf8' })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string }
    throw new Error(`the build failed:\n${stdout}${stderr}`, { cause: error })
  }
  const folder = mkdtempSync(join(tmpdir(), 'halyard-compiled-'))
  cpSync(join(ROOT, 'dist'), folder, { recursive: true })
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '@halyard'), { recursive: true })
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    // The workspace's own packages there are links to sources.
    if (name !== '@halyard' && !name.startsWith('.')) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  for (const [name, path] of [
    ['engine', 'relay/engine'],
    ['relay', 'relay'],
  ] as const) {
    if (existsSync(join(folder, path))) symlinkSync(join(folder, path), join(modules, '@halyard', name))
  }
  return { main: join(folder, 'relay/main.js'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}
