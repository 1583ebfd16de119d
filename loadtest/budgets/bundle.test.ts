/**
 * The size of the engine as a browser would load it: one file, minified, compressed. It grows one harmless dependency at
 * a time unless something says stop; whoever has a reason to let it grow raises the number here, and is seen doing so.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

interface Bundler {
  readonly build: (
    options: object,
  ) => Promise<{ readonly output: readonly { readonly code: string; readonly imports: string[] }[] }>
}

/** Bytes. Measured, plus five percent. */
const BUDGET = { minified: 298_700, gzip: 95_600, brotli: 81_200 }

/** The bundler that vitest's own Vite brings; a second one would only be another thing to keep current. */
async function bundler(): Promise<Bundler> {
  const vitest = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const path = createRequire(vitest.resolve('vite/package.json')).resolve('rolldown')
  return (await import(pathToFileURL(path).href)) as Bundler
}

test('the engine with all dialects', async () => {
  const { build } = await bundler()
  const { output } = await build({
    input: join(import.meta.dirname, '../../relay/engine/index.ts'),
    platform: 'browser',
    write: false,
    logLevel: 'silent',
    output: { format: 'esm', minify: true },
  })
  const [chunk, ...others] = output
  expect(others).toEqual([])
  // All of it, and nothing that a browser does not have.
  expect(chunk?.imports).toEqual([])
  const code = chunk?.code ?? ''
  for (const dialect of ['featbit', 'featurevisor', 'flagd', 'flagsmith', 'growthbook', 'launchdarkly', 'unleash']) {
    expect(code).toContain(dialect)
  }
  const sizes = {
    minified: code.length,
    gzip: gzipSync(code, { level: 9 }).length,
    brotli: brotliCompressSync(code).length,
  }
  process.stdout.write(`engine bundle, bytes: ${JSON.stringify(sizes)}\n`)
  for (const [name, most] of Object.entries(BUDGET)) {
    expect(sizes[name as keyof typeof sizes], name).toBeLessThanOrEqual(most)
  }
})
