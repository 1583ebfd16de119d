/** The example as a process of its own against a real relay: what its README says, and what its users would notice. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { shop } from '../../server/testing/documents.ts'
import { RealRelay } from '../../server/testing/real-relay.ts'
import { until } from '../../server/testing/sdk.ts'

const relay = new RealRelay()
const snapshot = join(relay.folder, 'snapshot.json')
const running: ChildProcess[] = []
let url: string

async function startApp(more: Record<string, string> = {}): Promise<ChildProcess> {
  const env = {
    ...process.env,
    HALYARD_URL: relay.url,
    HALYARD_KEY: relay.serverKey,
    PORT: '0',
    SNAPSHOT: snapshot,
    ...more,
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], { env, stdio: 'pipe' })
  running.push(child)
  let output = ''
  await new Promise<void>((done, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const address = /http:\S+/.exec(output)
      if (address === null) return
      url = address[0]
      done()
    })
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('exit', (code) => failed(new Error(`ended with ${code}: ${output}`)))
  })
  return child
}

beforeAll(async () => {
  relay.publish(shop())
  await relay.start()
  await startApp()
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await relay.stop()
})

async function ask(user: string, email: string): Promise<unknown> {
  const response = await fetch(url, { headers: { 'x-user': user, 'x-email': email } })
  return await response.json()
}

const state = async (): Promise<unknown> => ((await (await fetch(`${url}/healthz`)).json()) as { state: unknown }).state

it('answers each user by who that user is', async () => {
  expect(await ask('u1', 'a@acme.example')).toEqual({ title: 'Hello', beta: true })
  const users = ['a@acme.example', 'b@other.example']
  const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => ask(`u${index}`, users[index % 2] ?? '')))
  expect(answers).toEqual(answers.map((_, index) => ({ title: 'Hello', beta: index % 2 === 0 })))
})

it('sees a changed flag with the next request', async () => {
  relay.publish(shop({ staff: '@other.example' }))
  await until(async () => ((await ask('u2', 'b@other.example')) as { beta: boolean }).beta)
  expect(await ask('u1', 'a@acme.example')).toEqual({ title: 'Hello', beta: false })
  relay.publish(shop())
  await until(async () => ((await ask('u1', 'a@acme.example')) as { beta: boolean }).beta)
})

it('opens without relay and snapshot, with the defaults in its code', async () => {
  const empty = new RealRelay()
  const usual = url
  const child = await startApp({ HALYARD_URL: 'http://127.0.0.1:9', SNAPSHOT: join(empty.folder, 'none.json') })
  expect(await ask('u1', 'a@acme.example')).toEqual({ title: 'Shop', beta: false })
  expect((await fetch(`${url}/healthz`)).status).toBe(503)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  await empty.stop()
  url = usual
}, 20_000)

it('serves on while the relay is away, also after a restart, and leaves when it is told to', async () => {
  expect((await fetch(`${url}/checkout`, { method: 'POST' })).status).toBe(202)
  await until(() => existsSync(snapshot))
  await relay.kill()
  expect(await ask('u1', 'a@acme.example')).toEqual({ title: 'Hello', beta: true })
  const [first] = running
  first?.kill('SIGTERM')
  expect(await once(first as ChildProcess, 'exit')).toEqual([0, null])
  await startApp()
  expect(await ask('u1', 'a@acme.example')).toEqual({ title: 'Hello', beta: true })
  expect(await state()).toBe('ready')
  await relay.start()
  await until(async () => (await state()) === 'ready')
}, 40_000)
