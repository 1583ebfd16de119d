/**
 * The relay as the image runs it: bundled by the repository's own build, started with the image's flags. Start-up and
 * memory of the sources say little about it.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

/** A compiler that never ends must not take the measurement with it. */
const BUILD_MS = 300_000

export interface CompiledRelay {
  readonly main: string
  /** What the image's entry point gives to Node before the entry file. */
  readonly flags: readonly string[]
  readonly remove: () => void
}

/** Builds into dist/ as `npm run build` does, then takes a copy of the image's part. Throws what the build says. */
export function compileRelay(): CompiledRelay {
  try {
    execFileSync(process.execPath, [join(ROOT, 'relay/build/build.ts')], {
      cwd: ROOT,
      stdio: 'pipe',
      encoding: 'utf8',
      timeout: BUILD_MS,
    })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string }
    throw new Error(`the build failed:\n${stdout}${stderr}`, { cause: error })
  }
  const folder = mkdtempSync(join(tmpdir(), 'halyard-compiled-'))
  // Alone in a folder, as in the image: nothing of the workspace can be found from there.
  cpSync(join(ROOT, 'dist/image'), folder, { recursive: true })
  return {
    main: join(folder, 'relay/main.js'),
    flags: flagsOf(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function flagsOf(dockerfile: string): string[] {
  const [, entry = '[]'] = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile) ?? []
  const words = JSON.parse(entry) as readonly string[]
  return words.filter((word) => word.startsWith('--'))
}
