/**
 * `npm run build`: compiles the packages into dist/, which mirrors the repository so that relative paths and workspace
 * links stay as they are. What is published and what the image runs is made here and nowhere else.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')
const DIST = join(ROOT, 'dist')

/** Files that the compiled relay reads at run time, or that licences require beside it. */
const DATA = ['config/**/*.{yaml,json,md}', 'LICENSE']

rmSync(DIST, { recursive: true, force: true })
execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', join(ROOT, 'relay/build/tsconfig.json')], { stdio: 'inherit' })
for (const file of globSync(DATA, { cwd: ROOT })) copy(file)
for (const file of ['relay/package.json', 'relay/engine/package.json']) publishable(file)
process.stdout.write(`built ${globSync('**/*.js', { cwd: DIST }).length} modules into dist/\n`)

function copy(file: string): void {
  mkdirSync(dirname(join(DIST, file)), { recursive: true })
  cpSync(join(ROOT, file), join(DIST, file))
}

/** The manifest as published: entry points are the compiled files, with their types beside them. */
function publishable(file: string): void {
  const manifest = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as Record<string, unknown>
  const exported = Object.entries((manifest['exports'] ?? {}) as Record<string, string>).map(([name, path]) => {
    const base = path.replace(/\.ts$/, '')
    return [name, { types: `${base}.d.ts`, default: `${base}.js` }]
  })
  const commands = Object.entries((manifest['bin'] ?? {}) as Record<string, string>)
  const built = {
    ...manifest,
    ...(exported.length === 0 ? undefined : { exports: Object.fromEntries(exported) as object }),
    ...(commands.length === 0
      ? undefined
      : { bin: Object.fromEntries(commands.map(([name, path]) => [name, path.replace(/\.ts$/, '.js')])) as object }),
  }
  const target = join(DIST, file)
  if (!existsSync(dirname(target))) throw new Error(`nothing was compiled for ${file}`)
  writeFileSync(target, `${JSON.stringify(built, null, 2)}\n`)
}
