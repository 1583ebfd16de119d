/**
 * `npm run build`: compiles into dist/, which mirrors the repository so that relative paths and workspace links stay as
 * they are, puts the providers together in dist/packages/ and bundles the image's relay in dist/image/. What is published and what the image runs is made here
 * and nowhere else. Another folder than dist may be named as the only argument.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { bundleRelay } from './bundle.ts'
import { provider, publishable } from './packages.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const DIST = resolve(process.argv[2] ?? join(ROOT, 'dist'))

/** Files that the compiled relay reads at run time, or that licences and npm want beside it. */
const DATA = ['config/**/*.{yaml,json,md}', 'LICENSE', 'relay/engine/README.md']

rmSync(DIST, { recursive: true, force: true })
execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', join(ROOT, 'relay/build/tsconfig.json'), '--outDir', DIST], {
  stdio: 'inherit',
})
for (const file of globSync(DATA, { cwd: ROOT })) copy(file, file)
copy('LICENSE', 'relay/engine/LICENSE')
for (const folder of ['relay', 'relay/engine']) publishable(join(ROOT, folder), join(DIST, folder))
for (const name of ['server', 'web']) provider({ root: ROOT, dist: DIST, name })
await bundleRelay(ROOT, DIST)
process.stdout.write(`built ${globSync('**/*.js', { cwd: DIST }).length} modules into ${DIST}\n`)

function copy(file: string, to: string): void {
  if (!existsSync(join(ROOT, file))) throw new Error(`${file} is missing`)
  mkdirSync(dirname(join(DIST, to)), { recursive: true })
  cpSync(join(ROOT, file), join(DIST, to))
}
