/** `halyard serve` as a process: what it prints works when pasted, signals and file changes do what they promise. */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const MAIN = join(import.meta.dirname, '../main.ts')
const DEMO = join(import.meta.dirname, '../../config/flags/featbit.json')
const SLOW = { timeout: 20_000, interval: 50 }

let folder: string
let relay: ChildProcessByStdio<null, Readable, Readable> | undefined
let out = ''
let log = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halyard-serve-'))
  out = ''
  log = ''
})
afterEach(async () => {
  if (relay !== undefined && relay.exitCode === null && relay.signalCode === null) {
    const gone = once(relay, 'exit')
    relay.kill('SIGKILL')
    await gone
  }
  relay = undefined
  await rm(folder, { recursive: true })
})

/** `more` are further top-level settings, `environments` a flow mapping. */
async function configure(more = 'drain: { window: 0ms, grace: 1s }', environments?: string): Promise<string> {
  const path = join(folder, 'relay.yaml')
  const served = environments ?? `{ shop: { upstream: { vendor: featbit, file: "${DEMO}" } } }`
  await writeFile(path, `listen: { port: 0, management: { port: 0 } }\nenvironments: ${served}\n${more}\n`)
  return path
}

function serve(path: string, variables: Record<string, string> = {}): ChildProcessByStdio<null, Readable, Readable> {
  const env = { PATH: process.env['PATH'], ...variables }
  relay = spawn(process.execPath, [MAIN, 'serve', '--config', path], { stdio: ['ignore', 'pipe', 'pipe'], env })
  relay.stdout.on('data', (data: Buffer) => (out += data.toString()))
  relay.stderr.on('data', (data: Buffer) => (log += data.toString()))
  return relay
}

function exited(child: ChildProcessByStdio<null, Readable, Readable>): Promise<number | null> {
  return once(child, 'close').then(([code]) => code as number | null)
}

test('the printed command works when pasted; SIGTERM ends with 0', { timeout: 40_000 }, async () => {
  const child = serve(await configure())
  await vi.waitFor(() => expect(out).toMatch(/^Try {2}curl .*\n/m), SLOW)
  const command = /^Try {2}(.*)$/m.exec(out)?.[1] ?? ''
  const { stdout } = await promisify(execFile)('sh', ['-c', command])
  expect(JSON.parse(stdout)).toMatchObject({ key: expect.any(String) as string, reason: expect.any(String) as string })
  const end = exited(child)
  child.kill('SIGTERM')
  expect(await end).toBe(0)
  for (const line of log.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg')
})

test('where every environment wants a key, the example says so and knows no flag', { timeout: 40_000 }, async () => {
  const path = await configure(
    undefined,
    `{ shop: { upstream: { vendor: featbit, file: "${DEMO}" }, keys: { server: ["\${KEY}"] } } }`,
  )
  serve(path, { KEY: 'canary-server-key' })
  await vi.waitFor(() => expect(out).toContain('Bearer YOUR-KEY'), SLOW)
  expect(out + log).not.toContain('canary-server-key')
})

test('a changed file is taken over, a bad one only reported; SIGHUP reads again', { timeout: 40_000 }, async () => {
  const path = await configure()
  const child = serve(path)
  await vi.waitFor(() => expect(out).toContain('Try'), SLOW)
  await configure(undefined, `{ store: { upstream: { vendor: featbit, file: "${DEMO}" } } }`)
  await vi.waitFor(() => expect(log).toContain('settings taken over'), SLOW)
  const url = /applications\s+(\S+)/.exec(out)?.[1] ?? ''
  const ask = (environment: string): Promise<Response> =>
    fetch(`${url}/ofrep/v1/evaluate/flags`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Halyard-Environment': environment },
      body: '{"context":{"targetingKey":"ada"}}',
    })
  await vi.waitFor(async () => expect((await ask('store')).status).toBe(200), SLOW)
  expect((await ask('shop')).status).not.toBe(200)

  await configure('workers: 0')
  await vi.waitFor(() => expect(log).toContain('the settings in use stay: workers must be at least 1'), SLOW)
  expect((await ask('store')).status).toBe(200)
  const before = log.length
  child.kill('SIGHUP')
  await vi.waitFor(() => expect(log.slice(before)).toContain('workers must be at least 1'), SLOW)
})

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('a second %s ends at once with %d', { timeout: 40_000 }, async (signal, code) => {
  const child = serve(await configure('drain: { window: 60s, grace: 60s }'))
  await vi.waitFor(() => expect(out).toContain('Try'), SLOW)
  const end = exited(child)
  child.kill(signal)
  await vi.waitFor(() => expect(log).toContain('draining'), SLOW)
  child.kill(signal)
  expect(await end).toBe(code)
})

test('a configuration with problems does not start: all of them, exit code 1', { timeout: 40_000 }, async () => {
  const child = serve(await configure('workers: 0\nlog: { levle: info }'))
  expect(await exited(child)).toBe(1)
  expect(log).toContain('2 errors; the relay does not start')
  expect(log).toContain('did you mean "level"?')
  expect(out).toBe('')
})

test('a port that is taken is told in words', { timeout: 40_000 }, async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  try {
    const child = serve(await configure(), { HALYARD_LISTEN_PORT: String(port) })
    expect(await exited(child)).toBe(1)
    expect(log).toContain(`port ${port} is taken`)
    expect(log).not.toContain('    at ')
  } finally {
    other.close()
  }
})
