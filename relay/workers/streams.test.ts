/** Streams of a relay of several processes: every worker has streams of its own, and all hear of the same documents. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import { openEvents } from '../serve/testing/event-client.ts'
import type { EventClient } from '../serve/testing/event-client.ts'

const MAIN = join(import.meta.dirname, '../main.ts')
const folder = mkdtempSync(join(tmpdir(), 'halyard-worker-streams-'))
const SLOW = { timeout: 20_000, interval: 25 }
const SECRET = 'a-canary-client-key'
let running: ChildProcess | undefined
let clients: EventClient[] = []

afterEach(() => {
  for (const client of clients) client.close()
  clients = []
  running?.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(value: number): void {
  const flags = { number: { state: 'ENABLED', variants: { on: value }, defaultVariant: 'on' } }
  writeFileSync(join(folder, 'new'), JSON.stringify({ flags }))
  renameSync(join(folder, 'new'), join(folder, 'shop.json'))
}

function configure(keys: string, workers: number): string {
  const file = join(folder, 'relay.yaml')
  writeFileSync(
    file,
    `listen: { port: 0, management: { port: 0 } }
drain: { window: 600ms, grace: 3s }
streams: { pace: 0, eventStreams: always }
store: { disk: false }
workers: ${workers}
log: { level: trace }
environments: { shop: { upstream: { vendor: flagd, file: shop.json, every: 100ms }, keys: { server: ['a-canary-server-key'], client: [${keys}] } } }
`,
  )
  return file
}

async function start(
  workers: number,
): Promise<{ url: string; management: string; child: ChildProcess; log: () => string }> {
  const file = configure(SECRET, workers)
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  running = child
  let out = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (out += data.toString()))
  await vi.waitFor(() => expect(out).toContain('operators'), SLOW)
  const url = (label: string): string => new RegExp(`${label}\\s+(\\S+)`).exec(out)?.[1] ?? ''
  return { url: url('applications'), management: url('operators'), child, log: () => out }
}

async function connect(url: string, key: string): Promise<EventClient> {
  const client = await openEvents(url, { headers: { 'X-API-Key': key, Connection: 'close' } })
  clients.push(client)
  return client
}

it.each([1, 2])('with %d processes: told, counted, revoked and drained', { timeout: 60_000 }, async (workers) => {
  write(1)
  const relay = await start(workers)
  const key = SECRET
  const bulk = (headers = {}): Promise<Response> =>
    fetch(`${relay.url}/ofrep/v1/evaluate/flags`, { method: 'POST', headers: { 'X-API-Key': key, ...headers } })
  await vi.waitFor(async () => expect((await bulk()).status).toBe(200), SLOW)
  const seen = await Promise.all(Array.from({ length: 12 }, () => connect(`${relay.url}/v1/stream`, key)))
  const document = await connect(`${relay.url}/v1/document/stream`, 'a-canary-server-key')
  const { eventStreams } = (await (await bulk()).json()) as { eventStreams: { endpoint: { requestUri: string } }[] }
  const { requestUri = '' } = eventStreams[0]?.endpoint ?? {}
  const notices = await openEvents(`${relay.url}${requestUri}`)
  clients.push(notices)
  for (const client of [...seen, document]) await client.at(0)
  const firstIds = new Set(await Promise.all(seen.map(async (client) => (await client.at(0)).id)))
  expect(firstIds.size).toBe(1)
  write(2)
  for (const client of seen) expect((await client.at(1, 10_000)).data).toContain('"value":2')
  expect(JSON.parse((await document.at(1)).data)).toMatchObject({ dialect: 'flagd', version: 2 })
  await vi.waitFor(() => expect(notices.text()).toContain('refetchEvaluation'), SLOW)
  const ids = new Set(await Promise.all(seen.map(async (client) => (await client.at(1)).id)))
  expect(ids.size).toBe(1)

  const metrics = await (await fetch(`${relay.management}/metrics`)).text()
  expect(metrics).toContain('halyard_streams_open{environment="shop",kind="evaluated"} 12')
  expect(metrics).toMatch(/halyard_propagation_seconds_count\{environment="shop",kind="evaluated"\} [12]/)
  const tracked = await fetch(`${relay.url}/v1/track`, {
    method: 'POST',
    headers: { 'X-API-Key': key },
    body: JSON.stringify({ events: [{ type: 'exposure', flag: 'number', timestamp: 1 }] }),
  })
  expect([tracked.status, await tracked.json()]).toEqual([202, { accepted: 1, dropped: 0 }])

  configure('another-canary-key', workers)
  const before = performance.now()
  await vi.waitFor(() => expect(relay.log()).toContain('settings taken over'), SLOW)
  await Promise.all(seen.map((client) => client.ended(1_000)))
  await notices.ended(1_000)
  expect(performance.now() - before).toBeLessThan(20_000)
  write(3)
  expect((await document.at(2, 10_000)).data).toContain('"on":3')

  const late = await connect(`${relay.url}/v1/stream`, 'another-canary-key')
  await late.at(0)
  const exit = once(relay.child, 'exit')
  relay.child.kill('SIGTERM')
  await Promise.all([document.ended(2_000), late.ended(2_000)])
  expect(late.text()).toMatch(/retry: \d+\n\n$/)
  expect((await exit)[0]).toBe(0)
  // No key and no token is in any log, metric or status.
  const token = new URL(requestUri, relay.url).searchParams.get('token') ?? ''
  expect(token).not.toBe('')
  for (const text of [relay.log(), metrics]) {
    expect(text).not.toContain(token)
    expect(text).not.toContain('canary')
  }
})
