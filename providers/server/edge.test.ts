/** The client where there is no Node: bundled as for an edge runtime, run with nothing but what such a runtime has. */
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { shop } from './testing/documents.ts'
import { MiniRelay } from './testing/mini-relay.ts'

const relay = new MiniRelay()
beforeAll(() => relay.listen())
afterAll(() => relay.kill())

// Arrays of bytes that fetch and TextEncoder make are those of this realm.
const WEB = {
  Uint8Array,
  ArrayBuffer,
  fetch,
  AbortController,
  AbortSignal,
  TextDecoder,
  TextEncoder,
  URL,
  Headers,
  ReadableStream,
  Response,
}

it('evaluates, follows changes and closes without any module or global of Node', async () => {
  relay.publish(shop())
  const { outputFiles } = await build({
    entryPoints: [new URL('client.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'halyard',
    platform: 'neutral',
    conditions: ['import'],
    mainFields: ['module', 'main'],
    logLevel: 'silent',
  })
  const code = outputFiles[0]?.text ?? ''
  expect(code).not.toMatch(/\bfrom\s*["']|require\(|node:/)
  // Timers are numbers there; there is neither process nor Buffer.
  const timers = new Map<number, NodeJS.Timeout>()
  const context = createContext({
    ...WEB,
    setTimeout: (callback: () => void, delay: number) => {
      const id = timers.size + 1
      timers.set(id, setTimeout(callback, delay))
      return id
    },
    clearTimeout: (id: number) => clearTimeout(timers.get(id)),
    url: relay.url,
  })
  runInContext(`${code}; globalThis.halyard = halyard`, context)
  const changed = runInContext(
    `client = new halyard.HalyardClient({ url })
     client.start().then(() => new Promise((done) => client.on(({ type, flags }) => type === 'changed' && done(flags))))`,
    context,
  ) as Promise<string[]>
  await runInContext('client.start()', context)
  expect(runInContext(`client.evaluate('title', {}, 'string').value`, context)).toBe('Hello')
  relay.publish(shop({ banner: 'off' }))
  expect([...(await changed)]).toEqual(['banner'])
  expect(runInContext(`client.evaluate('banner').value`, context)).toBe(false)
  await runInContext('client.close()', context)
})
