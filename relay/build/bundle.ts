/**
 * The relay as the image runs it: a handful of files with everything in them. Of the time a relay takes to its first
 * answer most went into finding, reading and linking six hundred modules; see the decision record on starting fast.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { BuildOptions, Plugin } from 'esbuild'
import { builtinsByNeed } from './builtins.ts'
import { lazily } from './lazily.ts'
import { warm } from './warm.ts'

/** Packages of older make ask for modules while they run. */
const REQUIRE = `import { createRequire as createRequireOf } from 'node:module'
const require = createRequireOf(import.meta.url)`

const OPTIONS: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  // Sources stay in memory. Names are kept, since people read stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  // Licences ask to be passed on.
  legalComments: 'linked',
  logLevel: 'warning',
  banner: { js: REQUIRE },
}

/** Large, and needed only after the first answer or never. */
const LATER = lazily({ undici: ['Agent', 'buildConnector', 'WebSocket'], ioredis: ['Cluster', 'Command', 'Redis'] })

/** Bundles what was compiled into `dist` to `dist/image`: `relay` without subfolders, and the configuration it starts with. */
export async function bundleRelay(root: string, dist: string): Promise<void> {
  const image = join(dist, 'image')
  const into = join(image, 'relay')
  const compiled = (module: string): string => join(dist, 'relay', module)
  mkdirSync(into, { recursive: true })
  const options: BuildOptions = {
    ...OPTIONS,
    outdir: into,
    entryNames: '[name]',
    plugins: [builtinsByNeed, LATER, packagesOf(root, dist)],
  }
  await build({
    ...options,
    // Processes and threads are started by the name of a file beside the one that starts them.
    entryPoints: [compiled('main.js'), compiled('workers/process.js')],
    chunkNames: 'part-[hash]',
    splitting: true,
  })
  // By itself, so that the thread loads no more of the engine than it needs.
  await build({ ...options, entryPoints: [compiled('compiler/survey-thread.js')] })
  const { name, version, type, license } = JSON.parse(readFileSync(compiled('package.json'), 'utf8')) as Manifest
  writeFileSync(join(into, 'package.json'), `${JSON.stringify({ name, version, type, license }, null, 2)}\n`)
  cpSync(join(dist, 'config'), join(image, 'config'), { recursive: true })
  cpSync(join(dist, 'LICENSE'), join(image, 'LICENSE'))
  await warm(image)
}

type Manifest = Readonly<Record<'name' | 'version' | 'type' | 'license', string>>

/** Packages as the relay's own folder sees them: the workspace's root may hold another version for somebody else. */
function packagesOf(root: string, dist: string): Plugin {
  return {
    name: 'packages of the relay',
    setup(bundling): void {
      bundling.onResolve({ filter: /^[^./]/ }, async ({ path, importer, kind, pluginData }) => {
        if (path === '@halyard/engine') return { path: join(dist, 'relay/engine/index.js') }
        const ours = !importer.includes('node_modules') && !path.startsWith('node:')
        if (!ours || pluginData === RESOLVING) return undefined
        return await bundling.resolve(path, { kind, resolveDir: join(root, 'relay'), pluginData: RESOLVING })
      })
    },
  }
}

const RESOLVING = 'resolving'
