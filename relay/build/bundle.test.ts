/** What the bundle leaves out of a process, seen in processes that run such bundles. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Plugin } from 'esbuild'
import { afterAll, describe, expect, it } from 'vitest'
import { builtinsByNeed } from './builtins.ts'
import { lazily } from './lazily.ts'

const folder = mkdtempSync(join(tmpdir(), 'halyard-bundle-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the module prints once it is bundled, next to the other files. */
async function printed(
  source: string,
  plugins: Plugin[],
  files: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  for (const [name, text] of Object.entries({ ...files, 'entry.mjs': source })) writeFileSync(join(folder, name), text)
  const outfile = join(folder, 'out.mjs')
  await build({
    entryPoints: [join(folder, 'entry.mjs')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    plugins,
  })
  return JSON.parse(execFileSync(process.execPath, [outfile], { encoding: 'utf8' }))
}

describe("Node's own modules", () => {
  const source = `
    import http, { createServer, STATUS_CODES as codes } from 'node:http'
    import * as path from 'node:path'
    const fetching = process.moduleLoadList.filter((name) => name.includes('undici'))
    console.log(JSON.stringify([fetching.length > 0, http.createServer === createServer, codes[404], path.join('a', 'b')]))`

  it('are imported without what nobody asked of them', async () => {
    expect(await printed(source, [builtinsByNeed])).toEqual([false, true, 'Not Found', 'a/b'])
  })

  it('would load a fetch otherwise: when this fails, the plugin has become needless', async () => {
    expect(await printed(source, [])).toEqual([true, true, 'Not Found', 'a/b'])
  })
})

describe('a package that is loaded later', () => {
  const files = {
    'package.cjs': `globalThis.loaded = true
      exports.Thing = class { static kind = 'k'; constructor(n) { this.n = n } }; exports.twice = (n) => 2 * n`,
  }
  const found: Plugin = {
    name: 'found here',
    setup: (bundling) => {
      bundling.onResolve({ filter: /^thing$/ }, () => ({ path: join(folder, 'package.cjs') }))
    },
  }

  it('is not evaluated before its first use, and then behaves as itself', async () => {
    const source = `
      import { Thing, twice } from 'thing'
      const before = globalThis.loaded === true
      const thing = new Thing(3)
      console.log(JSON.stringify([before, globalThis.loaded, thing.n, thing instanceof Thing, Thing.kind, twice(4)]))`
    const plugins = [lazily({ thing: ['Thing', 'twice'] }), found]
    expect(await printed(source, plugins, files)).toEqual([false, true, 3, true, 'k', 8])
  })

  it('fails the build over a name that was not announced', async () => {
    const plugins = [lazily({ thing: ['Thing'] }), found]
    await expect(printed(`import { twice } from 'thing'\ntwice(1)`, plugins, files)).rejects.toThrow(/twice/)
  })
})
