/** The whole relay as a process: real sockets, real disk, a real Redis, an upstream that comes and goes. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startRedis } from './testing/redis.ts'
import type { RedisServer } from './testing/redis.ts'

const main = join(import.meta.dirname, 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'halyard-relay-'))
const running: ChildProcess[] = []
let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis()
}, 300_000)

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

afterAll(async () => {
  await redis.stop()
  rmSync(folder, { recursive: true, force: true })
})

function flagd(...keys: string[]): string {
  const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' }
  return JSON.stringify({ flags: Object.fromEntries(keys.map((key) => [key, flag])) })
}

/** A vendor that serves `document`, or is broken as long as there is none. */
class Upstream {
  document: string | undefined
  requests = 0
  readonly #server: Server

  constructor(document?: string) {
    this.document = document
    this.#server = createServer((_, response) => {
      this.requests++
      if (this.document === undefined) response.writeHead(500).end()
      else response.writeHead(200, { 'content-type': 'application/json' }).end(this.document)
    })
  }

  async listen(port = 0): Promise<number> {
    await new Promise<void>((done) => this.#server.listen(port, '127.0.0.1', done))
    return (this.#server.address() as AddressInfo).port
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((done) => void this.#server.close(() => done()))
  }
}

interface Started {
  readonly child: ChildProcess
  readonly url: string
  readonly management: string
  readonly log: () => string
}

async function start(config: string, name = 'relay.yaml'): Promise<Started> {
  const file = join(folder, name)
  writeFileSync(file, `listen: { port: 0, management: { port: 0 } }\ndrain: { window: 300ms, grace: 2s }\n${config}`)
  const child = spawn(process.execPath, [main, 'serve', '--config', file], { stdio: 'pipe' })
  running.push(child)
  let output = ''
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  await new Promise<void>((done, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (/operators\s+\S+/.test(output)) done()
    })
    child.once('exit', (code) => failed(new Error(`the relay ended with ${code}: ${output}${log}`)))
  })
  const url = (label: string): string => new RegExp(`${label}\\s+(\\S+)`).exec(output)?.[1] ?? ''
  return { child, url: url('applications'), management: url('operators'), log: () => log }
}

async function evaluate(
  url: string,
  key: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown; headers: Headers }> {
  const answer = await fetch(`${url}/ofrep/v1/evaluate/flags/${key}`, {
    method: 'POST',
    body: '{"context":{"targetingKey":"u"}}',
    headers,
  })
  return { status: answer.status, body: await answer.json(), headers: answer.headers }
}

async function eventually<T>(ask: () => Promise<T>, good: (value: T) => boolean, within = 10_000): Promise<T> {
  const deadline = Date.now() + within
  for (;;) {
    const value = await ask()
    if (good(value) || Date.now() > deadline) return value
    await new Promise((wake) => setTimeout(wake, 25))
  }
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise(
    (done) => void (child.exitCode === null ? child.once('exit', (code) => done(code)) : done(child.exitCode)),
  )
}

describe('a cold start', () => {
  it('with nothing known says so at once, and recovers by itself when the upstream does', async () => {
    const upstream = new Upstream()
    const port = await upstream.listen()
    const relay = await start(
      `environments: { shop: { upstream: { vendor: flagd, url: "http://127.0.0.1:${port}/flags.json", every: 200ms } } }\nstore: { disk: false }\n`,
    )
    const answer = await evaluate(relay.url, 'a')
    expect(answer).toMatchObject({ status: 503, body: { errorCode: 'PROVIDER_NOT_READY' } })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect((await fetch(`${relay.management}/readyz`)).status).toBe(503)
    upstream.document = flagd('a')
    expect(
      await eventually(
        () => evaluate(relay.url, 'a'),
        ({ status }) => status === 200,
      ),
    ).toMatchObject({ body: { value: true } })
    expect((await fetch(`${relay.management}/readyz`)).status).toBe(200)
    await upstream.close()
  }, 30_000)

  it.each(['disk', 'redis'])(
    'without the upstream serves the last known good from %s',
    async (store) => {
      const upstream = new Upstream(flagd('a', 'b'))
      const port = await upstream.listen()
      const disk = join(folder, `disk-${store}`)
      const stores =
        store === 'disk'
          ? `store: { disk: ${disk} }`
          : `store: { disk: false, redis: { url: "${redis.url}", keyPrefix: "cold:" } }`
      const config = `environments: { shop: { upstream: { vendor: flagd, url: "http://127.0.0.1:${port}/flags.json" } } }\n${stores}\n`
      const first = await start(config)
      const before = await eventually(
        () => evaluate(first.url, 'b'),
        ({ status }) => status === 200,
      )
      await eventually(
        async () => (store === 'disk' ? readdirSync(disk).length : 1),
        (count) => count > 0,
      )
      first.child.kill('SIGTERM')
      expect(await exitOf(first.child)).toBe(0)
      await upstream.close()

      const second = await start(config)
      const after = await eventually(
        () => evaluate(second.url, 'b'),
        ({ status }) => status === 200,
      )
      expect(after).toMatchObject({ status: 200, body: { value: true } })
      expect(after.headers.get('x-halyard-revision')).toBe(before.headers.get('x-halyard-revision'))
      const ready = await eventually(
        async () => (await (await fetch(`${second.management}/readyz`)).json()) as object,
        (body) => JSON.stringify(body).includes('stale'),
      )
      expect(ready).toMatchObject({ environments: [{ name: 'shop', state: 'stale' }] })
    },
    60_000,
  )
})

describe('while serving', () => {
  it('losing the upstream and Redis for good costs no answer', async () => {
    const own = await startRedis()
    const upstream = new Upstream(flagd('a'))
    const port = await upstream.listen()
    const relay = await start(
      `environments: { shop: { upstream: { vendor: flagd, url: "http://127.0.0.1:${port}/flags.json", every: 100ms } } }\nstore: { disk: false, redis: { url: "${own.url}" } }\n`,
    )
    await eventually(
      () => evaluate(relay.url, 'a'),
      ({ status }) => status === 200,
    )
    let asked = 0
    let failed = 0
    const until = Date.now() + 3_000
    const asking = (async (): Promise<void> => {
      while (Date.now() < until) {
        const { status } = await evaluate(relay.url, 'a')
        asked++
        if (status !== 200) failed++
      }
    })()
    await upstream.close()
    await own.kill('SIGKILL')
    await asking
    expect({ failed, enough: asked > 100 }).toEqual({ failed: 0, enough: true })
    await own.stop()
  }, 60_000)

  it('takes over other keys and environments without dropping a request', async () => {
    writeFileSync(join(folder, 'one.json'), flagd('one'))
    writeFileSync(join(folder, 'two.json'), flagd('two'))
    const config = (keys: string, more = ''): string =>
      `environments:\n  one: { upstream: { vendor: flagd, file: one.json }, keys: { server: [${keys}] } }\n${more}store: { disk: false }\n`
    const relay = await start(config('first-key'), 'reload.yaml')
    const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })
    await eventually(
      () => evaluate(relay.url, 'one', bearer('first-key')),
      ({ status }) => status === 200,
    )
    const statuses = new Set<number>()
    const asker = { stop: false }
    const asking = (async (): Promise<void> => {
      while (!asker.stop) statuses.add((await evaluate(relay.url, 'one', bearer('first-key'))).status)
    })()
    const second = '  two: { upstream: { vendor: flagd, file: two.json }, keys: { client: [second-key] } }\n'
    writeFileSync(join(folder, 'reload.yaml'), config('first-key, other-key', second))
    expect(
      await eventually(
        () => evaluate(relay.url, 'two', bearer('second-key')),
        ({ status }) => status === 200,
      ),
    ).toMatchObject({ status: 200 })
    expect((await evaluate(relay.url, 'one', bearer('other-key'))).status).toBe(200)
    writeFileSync(join(folder, 'reload.yaml'), 'environments: 5\n')
    await eventually(
      async () => relay.log(),
      (log) => log.includes('settings in use stay'),
    )
    expect((await evaluate(relay.url, 'two', bearer('second-key'))).status).toBe(200)
    asker.stop = true
    await asking
    expect([...statuses]).toEqual([200])
    expect((await evaluate(relay.url, 'one', bearer('no-such-key'))).status).toBe(401)
  }, 60_000)

  it('drains on SIGTERM: not ready first, still answering, then gone with code 0', async () => {
    writeFileSync(join(folder, 'drain.json'), flagd('a'))
    const relay = await start(
      'environments: { shop: { upstream: { vendor: flagd, file: drain.json } } }\nstore: { disk: false }\n',
    )
    await eventually(
      () => evaluate(relay.url, 'a'),
      ({ status }) => status === 200,
    )
    relay.child.kill('SIGTERM')
    expect(
      await eventually(
        async () => (await fetch(`${relay.management}/readyz`)).status,
        (status) => status === 503,
      ),
    ).toBe(503)
    const answer = await evaluate(relay.url, 'a')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('connection')).toBe('close')
    expect(await exitOf(relay.child)).toBe(0)
  }, 30_000)
})
