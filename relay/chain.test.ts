/** Relays behind relays, as processes: the same revision and answers all the way, on their own when cut off, and no storm when a chain leads back to itself. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { until } from './upstream/testing/recorder.ts'

const main = join(import.meta.dirname, 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'halyard-chain-'))
const running = new Set<ChildProcess>()
const KEY = 'a-server-key-of-a-relay'

afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function flagd(value: string): string {
  return `{\n  "flags": {"f": {"state": "ENABLED", "variants": {"on": ${value}}, "defaultVariant": "on"}}\n}\n`
}

interface Started {
  readonly child: ChildProcess
  readonly url: string
  readonly management: string
  readonly log: () => string
}

async function start(
  name: string,
  upstream: string,
  more: { readonly port?: number; readonly workers?: number } = {},
): Promise<Started> {
  const { port = 0, workers = 1 } = more
  const file = join(folder, `${name}.yaml`)
  writeFileSync(
    file,
    `listen: { port: ${port}, management: { port: 0 } }
store: { disk: ${join(folder, name)} }
workers: ${workers}
drain: { window: 100ms, grace: 1s }
environments:
  shop:
    upstream: ${upstream}
    keys: { server: ["${KEY}"], admin: ["an-admin-key-of-a-relay"] }
`,
  )
  const child = spawn(process.execPath, [main, 'serve', '--config', file], { stdio: 'pipe' })
  running.add(child)
  let output = ''
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await until(() => /operators\s+\S+/.test(output) || child.exitCode !== null, `the start of ${name}`, 20_000)
  if (child.exitCode !== null) throw new Error(`${name} ended: ${output}${log}`)
  const url = (label: string): string => new RegExp(`${label}\\s+(\\S+)`).exec(output)?.[1] ?? ''
  return { child, url: url('applications'), management: url('operators'), log: () => `${output}${log}` }
}

/** Value and revision, once there are any. */
async function answerOf({ url }: Started): Promise<{ readonly value: string; readonly revision: string | null }> {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: '{"context":{"targetingKey":"u1"}}' }
  const answer = await fetch(`${url}/ofrep/v1/evaluate/flags/f`, init)
  const text = await answer.text()
  return { value: /"value":([^,}]+)/.exec(text)?.[1] ?? '', revision: answer.headers.get('x-halyard-revision') }
}

async function settles(relay: Started, value: string): Promise<string | null> {
  const deadline = performance.now() + 15_000
  for (;;) {
    const answer = await answerOf(relay)
    if (answer.value === value) return answer.revision
    if (performance.now() > deadline) throw new Error(`never ${value}: ${JSON.stringify(answer)} ${relay.log()}`)
    await new Promise((resolve) => void setTimeout(resolve, 20))
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => void server.close(resolve))
  return port
}

/** Gently: what it served is then on its disk. */
async function terminated(relay: Started): Promise<void> {
  relay.child.kill('SIGTERM')
  running.delete(relay.child)
  await until(() => relay.child.exitCode !== null || relay.child.signalCode !== null, 'the end of a relay')
}

const behind = ({ url }: Started): string => `{ vendor: halyard, url: "${url}", secret: ${KEY} }`

describe('a chain', () => {
  it('of three has one revision, follows changes, and goes on alone', { timeout: 60_000 }, async () => {
    const document = join(folder, 'flags.json')
    writeFileSync(document, flagd('1.0'))
    const first = await start('first', `{ vendor: flagd, file: ${document} }`)
    const second = await start('second', behind(first), { workers: 2 })
    const third = await start('third', behind(second))
    const revision = await settles(first, '1.0')
    expect(revision).toMatch(/^[0-9a-f]{32}$/)
    for (const relay of [second, third]) expect(await settles(relay, '1.0')).toBe(revision)
    writeFileSync(document, flagd('2.50'))
    const next = await settles(first, '2.50')
    expect(next).not.toBe(revision)
    for (const relay of [second, third]) expect(await settles(relay, '2.50')).toBe(next)

    await terminated(first)
    expect(await answerOf(third)).toEqual({ value: '2.50', revision: next })
    await terminated(second)
    const again = await start('second', behind(first))
    expect(await settles(again, '2.50')).toBe(next)
  })

  it('that leads back to itself settles, and stores nothing new', { timeout: 60_000 }, async () => {
    const document = join(folder, 'loop.json')
    writeFileSync(document, flagd('7'))
    const origin = await start('origin', `{ vendor: flagd, file: ${document} }`)
    await settles(origin, '7')
    const port = await freePort()
    const before = await start('loop', behind(origin), { port })
    const revision = await settles(before, '7')
    await terminated(before)
    const loop = await start('loop', `{ vendor: halyard, url: "http://127.0.0.1:${port}", secret: ${KEY} }`, { port })
    expect(await settles(loop, '7')).toBe(revision)
    await new Promise((resolve) => void setTimeout(resolve, 3_000))
    expect(loop.log().split('serving a new document').length - 1).toBeLessThanOrEqual(1)
    const metrics = await (await fetch(`${loop.management}/metrics`)).text()
    const requests = [...metrics.matchAll(/route="\/v1\/document[^}]*} (\d+)/g)].map(([, count]) => Number(count))
    expect(requests.length, metrics).toBeGreaterThan(0)
    expect(Math.max(...requests)).toBeLessThan(5)
  })

  it('whose first relay is asked by a webhook has the news at once', { timeout: 60_000 }, async () => {
    const document = join(folder, 'hooked.json')
    writeFileSync(document, flagd('1'))
    const origin = await start('hooked', `{ vendor: flagd, file: ${document} }`)
    await settles(origin, '1')
    const polled = await start(
      'polled',
      `{ vendor: halyard, url: "${origin.url}", secret: ${KEY}, stream: false, every: 1h, webhook: { secret: a-webhook-of-the-origin } }`,
      { workers: 2 },
    )
    await settles(polled, '1')
    writeFileSync(document, flagd('2'))
    await settles(origin, '2')
    expect((await answerOf(polled)).value).toBe('1')
    const headers = { 'x-gitlab-token': 'a-webhook-of-the-origin' }
    const answer = await fetch(`${polled.management}/v1/refresh`, { method: 'POST', headers })
    expect([answer.status, await answer.json()]).toEqual([202, { environment: 'shop' }])
    await settles(polled, '2')
  })
})
