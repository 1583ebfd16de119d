/**
 * Packages as npm gets them. The providers share modules that lie beside their folders, which a package cannot reach:
 * each is given a root of its own that holds both folders, so that every relative import stays as it was written.
 *
 *      dist/providers/server/*.js          dist/packages/openfeature-server/package.json
 *      dist/providers/shared/*.js    ──►                                    server/*.js
 *                                                                           shared/*.js   (what is imported of it)
 */
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

type Manifest = Record<string, unknown>

/** The manifest as published: entry points are the compiled files below `inside`, with their types beside them. */
export function publishable(from: string, to: string, inside: string = '', more: Manifest = {}): void {
  const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as Manifest
  const compiled = (path: string, extension: string): string =>
    `./${join(inside, path.replace(/\.tsx?$/, ''))}${extension}`
  const entries = (member: string): [string, string][] =>
    Object.entries((manifest[member] ?? {}) as Record<string, string>)
  const exported = entries('exports').map(([name, path]): [string, object] => [
    name,
    { types: compiled(path, '.d.ts'), default: compiled(path, '.js') },
  ])
  const commands = entries('bin').map(([name, path]): [string, string] => [name, path.replace(/\.ts$/, '.js')])
  if (!existsSync(to)) throw new Error(`nothing was compiled for ${from}`)
  const built = {
    ...manifest,
    ...(exported.length === 0 ? undefined : { exports: Object.fromEntries(exported) }),
    ...(commands.length === 0 ? undefined : { bin: Object.fromEntries(commands) }),
    ...more,
  }
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(built, null, 2)}\n`)
}

/** Puts one provider together in dist/packages/, out of what was compiled for it and for both. */
export function provider({ root, dist, name }: { root: string; dist: string; name: string }): void {
  const to = join(dist, 'packages', `openfeature-${name}`)
  rmSync(to, { recursive: true, force: true })
  mkdirSync(join(to, 'shared'), { recursive: true })
  cpSync(join(dist, 'providers', name), join(to, name), { recursive: true })
  for (const module of sharedBy(join(to, name), join(dist, 'providers/shared'))) {
    for (const extension of ['.js', '.d.ts']) {
      cpSync(join(dist, 'providers/shared', module + extension), join(to, 'shared', module + extension))
    }
  }
  for (const file of [join(root, 'providers', name, 'README.md'), join(root, 'LICENSE')]) {
    cpSync(file, join(to, basename(file)))
  }
  publishable(join(root, 'providers', name), to, name, { files: [name, 'shared'] })
}

/** Names of the shared modules that the modules of a folder import, directly or through another shared one. */
function sharedBy(folder: string, shared: string): string[] {
  const found = new Set<string>()
  const follow = (text: string, pattern: RegExp): void => {
    for (const [, module] of text.matchAll(pattern)) {
      if (module === undefined || found.has(module)) continue
      found.add(module)
      for (const extension of ['.js', '.d.ts']) follow(readFileSync(join(shared, module + extension), 'utf8'), SIBLING)
    }
  }
  for (const file of globSync('**/*.{js,d.ts}', { cwd: folder })) {
    follow(readFileSync(join(folder, file), 'utf8'), SHARED)
  }
  return [...found].sort()
}

const SHARED = /from '\.\.\/shared\/([\w-]+)\.(?:js|ts)'/g
const SIBLING = /from '\.\/([\w-]+)\.(?:js|ts)'/g
