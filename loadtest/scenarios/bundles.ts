/**
 * What a page downloads for each OpenFeature web provider: everything it exports in one file, minified, compressed,
 * without the SDK that all of them share. Peers are installed at their pinned versions into a folder that is removed
 * again; one that cannot be installed or bundled is named, not left out in silence.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import type { Goal, Metric, Result } from '../report/result.ts'
import type { Session } from './scenario.ts'

const OURS = 'halyard'
const ENTRY = join(import.meta.dirname, '../../providers/web/index.ts')

/** Providers and what they need beside them to be bundled, as on npm in November 2026. */
const PEERS: Readonly<Record<string, readonly string[]>> = {
  ofrep: ['@openfeature/ofrep-web-provider@0.4.3'],
  flagd: ['@openfeature/flagd-web-provider@0.7.4'],
  goff: ['@openfeature/go-feature-flag-web-provider@0.2.9'],
  launchdarkly: ['@openfeature/launchdarkly-client-provider@0.3.3'],
  unleash: ['@openfeature/unleash-web-provider@0.1.1'],
  growthbook: ['@openfeature/growthbook-client-provider@0.1.2'],
  flagsmith: ['@openfeature/flagsmith-client-provider@0.1.2'],
  configcat: ['@openfeature/config-cat-web-provider@0.1.3'],
  featbit: ['@featbit/openfeature-provider-js-client@4.2.8'],
  devcycle: ['@devcycle/openfeature-web-provider@1.12.10'],
  flipt: ['@openfeature/flipt-web-provider@0.1.6'],
  datadog: ['@datadog/openfeature-browser@1.2.5'],
  localstorage: ['@openfeature/localstorage-provider@0.1.2'],
}

interface Sizes {
  readonly minified: number
  readonly gzip: number
}

export async function bundles({ options, say }: Session): Promise<Result> {
  const sizes = new Map<string, Sizes>([[OURS, await measure(ENTRY, tmpdir())]])
  const notes: string[] = ['OpenFeature’s SDK is not counted; names and versions are in loadtest/scenarios/bundles.ts']
  const wanted = options.vendors.length === 0 ? Object.keys(PEERS) : options.vendors
  for (const name of wanted) {
    const packages = Object.hasOwn(PEERS, name) ? PEERS[name] : undefined
    try {
      if (packages === undefined) throw new Error(`choose from ${Object.keys(PEERS).join(', ')}`)
      say(`${name}: installing ${packages.join(' ')}`)
      sizes.set(name, await installed(packages))
    } catch (error) {
      notes.push(`${name} was not measured: ${firstLine(error)}`)
      say(notes.at(-1) ?? '')
    }
  }
  return { metrics: metricsOf(sizes), goals: goalsOf(sizes), notes, failures: 0 }
}

function metricsOf(sizes: ReadonlyMap<string, Sizes>): Metric[] {
  return (['minified', 'gzip'] as const).map((name) => {
    const samples = Object.fromEntries([...sizes].map(([side, of]) => [side, [of[name] / 1000]]))
    return { name, unit: 'kB', better: 'less', samples }
  })
}

/** Ours is held against those that do as much or more; a provider for local storage alone is not one of them. */
function goalsOf(sizes: ReadonlyMap<string, Sizes>): Goal[] {
  const others = [...sizes.keys()].filter((name) => ![OURS, 'localstorage', 'goff'].includes(name))
  return [
    { name: 'ours, compressed, at most 7 KiB', metric: 'gzip', of: OURS, atMost: 7.168 },
    ...others.map((of) => ({ name: `${of} to ours, compressed`, metric: 'gzip', of, to: OURS, atLeast: 1 })),
  ]
}

/** Installs without running anybody's scripts, bundles, and cleans up. */
async function installed(packages: readonly string[]): Promise<Sizes> {
  const folder = mkdtempSync(join(tmpdir(), 'halyard-bundles-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
    const settings = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    await promisify(execFile)('npm', ['install', ...settings, ...packages], { cwd: folder, timeout: 300_000 })
    const entry = join(folder, 'entry.js')
    const names = packages.map((name) => name.slice(0, name.lastIndexOf('@')))
    writeFileSync(entry, names.map((name) => `export * from '${name}'\n`).join(''))
    return await measure(entry, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(entry: string, folder: string): Promise<Sizes> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['@openfeature/web-sdk', '@openfeature/core'],
    loader: { '.wasm': 'binary' },
    outdir: join(folder, 'out'),
    write: false,
    logLevel: 'silent',
  })
  const bytes = outputFiles.map(({ contents }) => contents)
  return {
    minified: bytes.reduce((sum, { length }) => sum + length, 0),
    gzip: bytes.reduce((sum, contents) => sum + gzipSync(contents, { level: 9 }).length, 0),
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n').slice(0, 2).join(' ').trim()
}
