/**
 * Three relays as processes behind one Redis: one asks the vendor, it is killed and another takes over, an operator goes
 * back through any of them. HALYARD_LEASE chooses another lease; the time of the takeover is printed.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { runCli } from './cli/cli.ts'
import { flagd } from './environment/testing/replicas.ts'
import { startRedis } from './testing/redis.ts'
import type { RedisServer } from './testing/redis.ts'

const MAIN = join(import.meta.dirname, 'main.ts')
const LEASE = process.env['HALYARD_LEASE'] ?? '3s'
const LEASE_MS = 1_000 * Number.parseFloat(LEASE)
const ADMIN = 'admin-key-for-tests'

const folder = mkdtempSync(join(tmpdir(), 'halyard-replicas-'))
const running: ChildProcess[] = []
const vendor = { document: flagd('one'), requests: 0 }
const upstream = createServer((_, response) => {
  vendor.requests += 1
  response.writeHead(200, { 'content-type': 'application/json' }).end(vendor.document)
})
let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis()
  await new Promise<void>((listening) => upstream.listen(0, '127.0.0.1', listening))
}, 60_000)
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  await redis.restart()
})
afterAll(async () => {
  await redis.stop()
  upstream.closeAllConnections()
  upstream.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Relay {
  readonly child: ChildProcess
  readonly url: string
  readonly management: string
}

interface Status {
  readonly version?: number
  readonly epoch?: number
  readonly state: string
  readonly replication: { readonly role: string; readonly replica: string; readonly leader?: string }
}

async function start(name: string, more = ''): Promise<Relay> {
  const file = join(folder, `${name}.yaml`)
  const { port } = upstream.address() as AddressInfo
  writeFileSync(
    file,
    `listen: { port: 0, management: { port: 0 } }
drain: { window: 100ms, grace: 2s }
store: { disk: ${join(folder, name)}, redis: { url: "${redis.url}", lease: ${LEASE}, recheck: 500ms } }
${more}
environments:
  shop:
    upstream: { vendor: flagd, url: "http://127.0.0.1:${port}/flags.json", every: 200ms }
    anonymous: true
    keys: { admin: [${ADMIN}] }
`,
  )
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', file], { stdio: 'pipe' })
  running.push(child)
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await expect.poll(() => said, { timeout: 15_000 }).toMatch(/operators\s+\S+/)
  const url = (label: string): string => new RegExp(`${label}\\s+(\\S+)`).exec(said)?.[1] ?? ''
  return { child, url: url('applications'), management: url('operators') }
}

async function status({ management }: Relay): Promise<Status | undefined> {
  const { environments } = (await (await fetch(`${management}/status`)).json()) as { environments: Status[] }
  return environments[0]
}

async function served({ url }: Relay): Promise<string> {
  const answer = await fetch(`${url}/ofrep/v1/evaluate/flags`, { method: 'POST', body: '{"context":{}}' })
  const { flags = [] } = (await answer.json()) as { flags?: { key: string }[] }
  return flags.map(({ key }) => key).join()
}

async function halyard(relay: Relay, ...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const out: string[] = []
  const error: string[] = []
  const code = await runCli([...args, '--url', relay.management], {
    out: (line) => void out.push(line),
    error: (line) => void error.push(line),
    paint: (_, text) => text,
    variables: { HALYARD_KEY: ADMIN },
  })
  return { code, out: out.join('\n'), error: error.join('\n') }
}

it('the leader is killed: another asks the vendor within a lease, and nobody noticed', async () => {
  vendor.document = flagd('one')
  const relays = [await start('a'), await start('b'), await start('c')] as const
  const [a, b, c] = relays
  const roles = (of: readonly Relay[]): Promise<unknown> =>
    Promise.all(of.map(async (relay) => (await status(relay))?.replication.role))
  await expect.poll(() => roles(relays)).toEqual(['leader', 'follower', 'follower'])
  await expect.poll(() => Promise.all(relays.map(served))).toEqual(['one', 'one', 'one'])
  const before = vendor.requests
  await pause(2_000)
  // One poll in 200 ms, a tenth more or less.
  expect(vendor.requests - before).toBeLessThanOrEqual(13)

  const killedAt = performance.now()
  a.child.kill('SIGKILL')
  let failed = 0
  const leaders = async (): Promise<number> => {
    for (const relay of [b, c]) if ((await served(relay)) !== 'one') failed += 1
    return ((await roles([b, c])) as string[]).filter((role) => role === 'leader').length
  }
  await expect.poll(leaders, { timeout: 2 * LEASE_MS, interval: 10 }).toBe(1)
  const took = performance.now() - killedAt
  console.log(`killed leader replaced after ${Math.round(took)} ms of a lease of ${LEASE_MS} ms`)
  expect([took < LEASE_MS, failed]).toEqual([true, 0])
  vendor.document = flagd('two')
  await expect.poll(() => Promise.all([b, c].map(served)), { timeout: 5_000 }).toEqual(['two', 'two'])

  const again = await start('a')
  expect(await served(again)).toBe('two')
  await expect.poll(() => roles([again])).toEqual(['follower'])
  const metrics = await (await fetch(`${again.management}/metrics`)).text()
  expect(metrics).toContain('halyard_replica_role{environment="shop",state="follower"} 1')
  expect(metrics).toContain('halyard_redis_state{environment="shop",state="available"} 1')
  expect(metrics).toMatch(/halyard_lease_holder_info\{environment="shop",replica="[^"]+"\} 1/)
  expect(metrics).toMatch(/halyard_notices_total\{environment="shop",event="received"\} \d+/)
}, 60_000)

it('a leader that is told to stop hands over at once', async () => {
  vendor.document = flagd('one')
  const [a, b] = [await start('a'), await start('b')]
  await expect.poll(async () => (await status(b))?.replication.role).toBe('follower')
  const exited = new Promise<number>((resolve) => a.child.once('exit', () => resolve(performance.now())))
  a.child.kill('SIGTERM')
  const goneAt = await exited
  await expect.poll(async () => (await status(b))?.replication.role, { interval: 5 }).toBe('leader')
  expect(performance.now() - goneAt).toBeLessThan(300)
}, 60_000)

it.each(['workers: 1', 'workers: 2'])(
  'an operator goes back through any replica (%s)',
  async (more) => {
    vendor.document = flagd('one')
    const name = more.slice(-1)
    const relays = [await start(`x${name}`, more), await start(`y${name}`, more)] as const
    const [x, y] = relays
    const all = (): Promise<string[]> => Promise.all(relays.map(served))
    await expect.poll(all, { timeout: 5_000 }).toEqual(['one', 'one'])
    vendor.document = flagd('two')
    await expect.poll(all, { timeout: 5_000 }).toEqual(['two', 'two'])

    const list = await halyard(y, 'rollback', 'shop', '--list')
    expect([list.code, list.error]).toEqual([0, ''])
    expect(list.out).toMatch(/^VERSION +REVISION +SHA256 +FLAGS +RECEIVED +KEPT IN\n1\.2 .*served\n1\.1 /)
    const back = await halyard(y, 'rollback', 'shop')
    expect([back.code, back.error]).toEqual([0, ''])
    expect(back.out).toContain('shop: back from 1.2 to the document of 1.1, served as 2.3')
    expect(back.out).toContain('halyard rollback shop --unpin')
    await expect.poll(all, { timeout: 5_000 }).toEqual(['one', 'one'])
    await pause(800)
    expect(await all()).toEqual(['one', 'one'])
    expect((await status(x))?.state).toBe('ready')

    const unpinned = await halyard(x, 'rollback', 'shop', '--unpin')
    expect(unpinned.out).toContain('the vendor’s word counts again')
    await expect.poll(all, { timeout: 5_000 }).toEqual(['two', 'two'])

    expect(await halyard(x, 'rollback', 'shop', '--to', '7.7')).toMatchObject({ code: 1, out: '' })
    expect((await halyard(x, 'rollback', 'nowhere')).code).toBe(1)
    expect((await halyard(x, 'rollback')).code).toBe(2)
    expect((await halyard(x, 'rollback', 'shop', '--list', '--unpin')).code).toBe(2)
    const nothing = await halyard(x, 'confirm', 'shop')
    expect([nothing.code, nothing.error]).toEqual([1, 'halyard: no document waits for confirmation'])
    expect((await halyard(x, 'confirm', 'shop', '--key', 'a-wrong-key')).error).toContain('unknown')
  },
  60_000,
)
