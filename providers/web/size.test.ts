/** What an application pays: one file with everything the provider does, minified and compressed, without the SDK. */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

it('is at most 7 KiB', async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(import.meta.dirname, 'index.ts')],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    external: ['@openfeature/*'],
    metafile: true,
    write: false,
  })
  const [file] = outputFiles
  const bytes = file?.contents ?? new Uint8Array()
  const gzip = gzipSync(bytes, { level: 9 }).length
  process.stdout.write(`web provider: ${bytes.length} bytes, ${gzip} compressed\n`)
  // It is whole, and brings nothing along.
  expect(file?.text).toContain('/v1/stream')
  expect(file?.text).toContain('/v1/track')
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path))
  expect(new Set(imports)).toEqual(new Set(['@openfeature/web-sdk']))
  expect(gzip).toBeGreaterThan(3_000)
  expect(gzip).toBeLessThanOrEqual(7 * 1024)
})
