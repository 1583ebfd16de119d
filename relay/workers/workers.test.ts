/** A relay of several processes, as an operator sees it: real processes, killed for real, under requests. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it, vi } from 'vitest'

const MAIN = join(import.meta.dirname, '../main.ts')
const folder = mkdtempSync(join(tmpdir(), 'halyard-workers-'))
const SLOW = { timeout: 20_000, interval: 25 }
let running: ChildProcess | undefined
/** Whether clients that ask all the time go on. */
const crowd = { asks: false }

afterEach(() => {
  crowd.asks = false
  running?.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Relay {
  readonly child: ChildProcess
  readonly url: string
  readonly management: string
  readonly log: () => string
  readonly workers: () => number[]
  readonly configure: (more?: string) => void
}

/** One flag whose value is the document's number, beside `filler` others. */
function write(name: string, number: number, filler = 0): void {
  const flag = (value: number): object => ({ state: 'ENABLED', variants: { on: value }, defaultVariant: 'on' })
  const others = Array.from({ length: filler }, (_, index) => [`filler-${index}`, flag(number)] as const)
  const flags = Object.fromEntries([['number', flag(number)], ...others])
  writeFileSync(join(folder, `${name}.new`), JSON.stringify({ flags }))
  renameSync(join(folder, `${name}.new`), join(folder, `${name}.json`))
}

function environment(name: string, more = ''): string {
  return `${name}: { upstream: { vendor: flagd, file: ${name}.json, every: 100ms }, anonymous: true ${more} }`
}

async function start(name: string, more = '', settings = 'workers: 2'): Promise<Relay> {
  const file = join(folder, 'relay.yaml')
  const configure = (environments = environment(name, more)): void =>
    writeFileSync(
      file,
      `listen: { port: 0, management: { port: 0 } }\ndrain: { window: 300ms, grace: 3s }\nstore: { disk: false }\n${settings}\nenvironments: { ${environments} }\n`,
    )
  configure()
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  running = child
  let out = ''
  let log = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (log += data.toString()))
  await vi.waitFor(() => expect(out, log).toContain('operators'), SLOW)
  const url = (label: string): string => new RegExp(`${label}\\s+(\\S+)`).exec(out)?.[1] ?? ''
  return {
    child,
    url: url('applications'),
    management: url('operators'),
    log: () => log,
    workers: () => childrenOf(child.pid ?? 0),
    configure,
  }
}

/** Process ids, from /proc. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      const [state, of] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return Number(of) === parent && state !== 'Z' ? [Number(entry)] : []
    } catch {
      return []
    }
  })
}

interface Answer {
  readonly status: number
  readonly value: unknown
  readonly headers: Record<string, string | string[] | undefined>
}

/** A connection of its own each time, so that workers take turns, unless an agent is given. */
function ask(url: string, flag = 'number', name = 'shop', agent: Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'x-halyard-environment': name }
    const sent = request(`${url}/ofrep/v1/evaluate/flags/${flag}`, { method: 'POST', headers, agent }, (response) => {
      let text = ''
      response.on('data', (data: Buffer) => (text += data.toString()))
      response.on('error', reject)
      response.on('end', () => {
        const { value } = JSON.parse(text) as { value?: unknown }
        resolve({ status: response.statusCode ?? 0, value, headers: response.headers })
      })
    })
    // A connection that was on its way to a worker when it was killed may stay open without ever being answered.
    sent.setTimeout(3_000, () => sent.destroy(new Error('no answer')))
    sent.on('error', reject)
    sent.end('{"context":{"targetingKey":"ada"}}')
  })
}

async function metric(management: string, name: string): Promise<number> {
  const text = await (await fetch(`${management}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

it('a killed worker is replaced within a second while the others serve', { timeout: 30_000 }, async () => {
  write('shop', 1)
  const relay = await start('shop')
  const before = relay.workers()
  expect(before).toHaveLength(2)
  const [victim = 0] = before
  let failed = 0
  let served = 0
  crowd.asks = true
  const clients = Array.from({ length: 4 }, async () => {
    while (crowd.asks) {
      try {
        const { status, value } = await ask(relay.url)
        expect([status, value]).toEqual([200, 1])
        served++
      } catch {
        failed++
      }
    }
  })
  await vi.waitFor(() => expect(served).toBeGreaterThan(50), SLOW)
  process.kill(victim, 'SIGKILL')
  const servedThen = served
  await vi.waitFor(() => expect(relay.log()).toContain('a worker ended'), { timeout: 1_000, interval: 5 })
  await vi.waitFor(
    () => {
      const now = relay.workers()
      expect(now).toHaveLength(2)
      expect(now).not.toContain(victim)
    },
    { timeout: 1_000, interval: 5 },
  )
  await vi.waitFor(() => expect(served).toBeGreaterThan(servedThen + 50), SLOW)
  crowd.asks = false
  await Promise.all(clients)
  // Only what the victim had accepted: one request of each client at most.
  expect(failed).toBeLessThanOrEqual(4)
  const survivor = before.find((pid) => pid !== victim) ?? 0
  // The new one serves too, alone if it has to.
  process.kill(survivor, 'SIGKILL')
  await vi.waitFor(async () => expect((await ask(relay.url)).value).toBe(1), { timeout: 5_000, interval: 20 })
})

it('documents reach every worker, and no client sees an older one after a newer one', { timeout: 30_000 }, async () => {
  write('shop', 1, 3000)
  const relay = await start('shop')
  await vi.waitFor(async () => expect((await ask(relay.url)).value).toBe(1), SLOW)
  const values: number[] = []
  crowd.asks = true
  const client = (async () => {
    while (crowd.asks) values.push(Number((await ask(relay.url)).value))
  })()
  for (const number of [2, 3, 4, 5]) {
    // Large ones, and small ones of which few flags are gone.
    write('shop', number, [3000, 3000, 1600, 1000][number - 2])
    await vi.waitFor(() => expect(values.at(-1)).toBe(number), SLOW)
  }
  crowd.asks = false
  await client
  const back = values.filter((value, index) => value < (values[index - 1] ?? 0))
  // Commits reach two processes a moment apart; a sequential client may meet that moment once per document.
  expect(back.length).toBeLessThanOrEqual(4)
  expect(new Set(values)).toEqual(new Set([1, 2, 3, 4, 5]))
  const seen = new Set<unknown>()
  for (let index = 0; index < 20; index++) seen.add((await ask(relay.url)).value)
  expect(seen).toEqual(new Set([5]))
})

it(
  'a worker that starts in the middle of changes serves nothing older than the others',
  { timeout: 30_000 },
  async () => {
    write('shop', 1, 500)
    const relay = await start('shop')
    await vi.waitFor(async () => expect((await ask(relay.url)).value).toBe(1), SLOW)
    /** The newest document that the primary knows every worker to serve. */
    let settled = 1
    const older: [number, number][] = []
    crowd.asks = true
    const clients = Array.from({ length: 3 }, async () => {
      while (crowd.asks) {
        const least = settled
        // A connection of a worker that was just killed gives no answer.
        const value = Number((await ask(relay.url).catch(() => undefined))?.value ?? Infinity)
        if (value < least) older.push([least, value])
      }
    })
    const version = async (): Promise<unknown> => {
      const { environments } = (await (await fetch(`${relay.management}/status`)).json()) as {
        environments: { version: number }[]
      }
      return environments[0]?.version
    }
    for (let number = 2; number <= 9; number++) {
      const [victim = 0] = relay.workers().slice(number % 2)
      if (number % 3 === 0) process.kill(victim, 'SIGKILL')
      write('shop', number, 500)
      await vi.waitFor(async () => expect(await version()).toBe(number), { ...SLOW, interval: 5 })
      settled = number
    }
    crowd.asks = false
    await Promise.all(clients)
    expect(older).toEqual([])
    expect(relay.log()).toContain('a worker ended')
  },
)

it('metrics are summed, and stay when a worker is gone', { timeout: 30_000 }, async () => {
  write('shop', 1)
  const relay = await start('shop')
  await vi.waitFor(async () => expect((await ask(relay.url)).status).toBe(200), SLOW)
  const name = 'halyard_evaluations_total'
  const before = await metric(relay.management, name)
  for (let index = 0; index < 40; index++) await ask(relay.url)
  expect(await metric(relay.management, name)).toBe(before + 40)
  expect(await metric(relay.management, 'halyard_flags')).toBe(1)
  const [victim = 0] = relay.workers()
  process.kill(victim, 'SIGKILL')
  await vi.waitFor(() => expect(relay.workers()).not.toContain(victim), SLOW)
  await vi.waitFor(async () => expect(await metric(relay.management, name)).toBe(before + 40), SLOW)
  await ask(relay.url)
  expect(await metric(relay.management, name)).toBe(before + 41)
  expect((await fetch(`${relay.url}/metrics`)).status).toBe(404)
})

it('a reload reaches every worker: environments and keys', { timeout: 30_000 }, async () => {
  write('shop', 1)
  write('store', 7)
  const relay = await start('shop')
  await vi.waitFor(async () => expect((await ask(relay.url)).status).toBe(200), SLOW)
  relay.configure(`${environment('shop', ', keys: { server: [a-long-enough-key] }')}, ${environment('store')}`)
  await vi.waitFor(() => expect(relay.log()).toContain('settings taken over'), SLOW)
  // An environment that is new answers 503 until its first document has come.
  await vi.waitFor(async () => {
    for (let index = 0; index < 8; index++) expect((await ask(relay.url, 'number', 'store')).value).toBe(7)
  }, SLOW)
  relay.configure(environment('store'))
  await vi.waitFor(() => expect(relay.log().match(/settings taken over/g)).toHaveLength(2), SLOW)
  for (let index = 0; index < 8; index++) {
    expect((await ask(relay.url, 'number', 'shop')).status).toBe(401)
    expect((await ask(relay.url, 'number', 'store')).value).toBe(7)
  }
})

it('workers know how fresh the primary found their document', { timeout: 30_000 }, async () => {
  write('shop', 1)
  const relay = await start('shop', ', staleAfter: 1s')
  await vi.waitFor(async () => expect((await ask(relay.url)).status).toBe(200), SLOW)
  rmSync(join(folder, 'shop.json'))
  await vi.waitFor(async () => {
    const { headers } = await ask(relay.url)
    expect(Number(headers['x-halyard-age'])).toBeGreaterThanOrEqual(2)
    const bulk = await fetch(`${relay.url}/ofrep/v1/evaluate/flags`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Halyard-Environment': 'shop' },
      body: '{"context":{"targetingKey":"ada"}}',
    })
    expect(await bulk.text()).toMatch(/stale/i)
  }, SLOW)
  const ready = (await (await fetch(`${relay.management}/readyz`)).json()) as { environments: { state: string }[] }
  expect(ready.environments.map(({ state }) => state)).toEqual(['stale'])
})

it(
  'SIGTERM to all of them at once drains: not ready, requests answered, then the end',
  { timeout: 30_000 },
  async () => {
    write('shop', 1)
    const relay = await start('shop')
    await vi.waitFor(async () => expect((await ask(relay.url)).status).toBe(200), SLOW)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await ask(relay.url, 'number', 'shop', agent)
    const exit = once(relay.child, 'exit')
    for (const pid of [...relay.workers(), relay.child.pid ?? 0]) process.kill(pid, 'SIGTERM')
    await vi.waitFor(async () => expect((await fetch(`${relay.management}/readyz`)).status).toBe(503), { interval: 5 })
    await vi.waitFor(
      async () => {
        const { status, headers } = await ask(relay.url, 'number', 'shop', agent)
        expect([status, headers['connection']]).toEqual([200, 'close'])
      },
      { interval: 5 },
    )
    const workers = relay.workers()
    expect((await exit)[0]).toBe(0)
    expect(relay.log()).not.toContain('a worker ended')
    for (const pid of workers) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  },
)

it('workers do not outlive a primary that was killed', { timeout: 30_000 }, async () => {
  write('shop', 1)
  const relay = await start('shop')
  const workers = relay.workers()
  expect(workers).toHaveLength(2)
  relay.child.kill('SIGKILL')
  await vi.waitFor(() => {
    for (const pid of workers) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  }, SLOW)
})

it('a port that is taken is told in words, once', { timeout: 30_000 }, async () => {
  write('shop', 1)
  const first = await start('shop', '', 'workers: 1')
  const file = join(folder, 'second.yaml')
  const { port } = new URL(first.url)
  writeFileSync(
    file,
    `listen: { port: ${port}, management: { port: 0 } }\nworkers: 2\nstore: { disk: false }\nenvironments: { ${environment('shop')} }\n`,
  )
  const second = spawn(process.execPath, [MAIN, 'serve', '--config', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  second.stderr.on('data', (data: Buffer) => (log += data.toString()))
  const [code] = (await once(second, 'close')) as [number]
  expect(code).toBe(1)
  expect(log).toContain(`port ${port} is taken`)
})

it('one worker means no further process', { timeout: 30_000 }, async () => {
  write('shop', 1)
  const relay = await start('shop', '', 'workers: 1')
  await vi.waitFor(async () => expect((await ask(relay.url)).status).toBe(200), SLOW)
  expect(relay.workers()).toEqual([])
})
