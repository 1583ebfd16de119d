import { Agent, get } from 'node:http'
import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HandMadeEnvironment } from './testing/environment.ts'
import { open, sendRaw, startRig } from './testing/rig.ts'
import type { Rig, RigOptions } from './testing/rig.ts'
import type { Route } from './route.ts'

const BULK = '/ofrep/v1/evaluate/flags'
const document = { flags: { f: { variants: { a: 1 }, serve: 'a' } } }

async function rigOf(options: Partial<RigOptions> = {}): Promise<Rig> {
  const rig = await startRig({ environments: [open(document)], ...options })
  onTestFinished(() => rig.stop())
  return rig
}

const slow = (ms: number): Route => ({
  method: 'GET',
  template: '/slow',
  scopes: ['server'],
  handle: () => new Promise((resolve) => setTimeout(() => resolve({ status: 200, headers: [], body: 'done' }), ms)),
})

describe('draining', () => {
  it('withdraws readiness first, goes on serving, closes connections answer by answer, then stops', async () => {
    const rig = await rigOf()
    expect((await fetch(`${rig.managementUrl}/readyz`)).status).toBe(200)
    expect((await rig.post(BULK, {})).headers.get('connection')).toBe('keep-alive')
    const drained = rig.server.drain({ windowMs: 250, graceMs: 1_000 })
    expect(rig.server.drain({ windowMs: 0 })).toBe(drained)
    const readiness = await fetch(`${rig.managementUrl}/readyz`)
    expect([readiness.status, ((await readiness.json()) as { status: string }).status]).toEqual([503, 'draining'])
    expect((await fetch(`${rig.managementUrl}/healthz`)).status).toBe(200)
    const during = await rig.post(BULK, {})
    expect([during.status, during.headers.get('connection')]).toEqual([200, 'close'])
    await drained
    await expect(rig.post(BULK, {})).rejects.toThrow()
    await expect(fetch(`${rig.managementUrl}/healthz`)).rejects.toThrow()
  })

  it('lets what is under way finish, drops idle connections, and cuts what takes too long', async () => {
    const rig = await rigOf({ routes: [slow(200)] })
    const agent = new Agent({ keepAlive: true })
    const idle = await new Promise<boolean>((resolve) => {
      get({ port: rig.port, path: '/slow', agent }, (response) => response.resume().on('end', () => resolve(true)))
    })
    expect(idle).toBe(true)
    const underWay = fetch(`${rig.url}/slow`).then((response) => response.text())
    await new Promise((resolve) => setTimeout(resolve, 50))
    await rig.server.drain({ windowMs: 0, graceMs: 2_000 })
    expect(await underWay).toBe('done')
    agent.destroy()

    const stuck = await rigOf({ routes: [slow(60_000)] })
    const hanging = fetch(`${stuck.url}/slow`).then(
      () => 'answered',
      () => 'cut',
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    const began = performance.now()
    await stuck.server.drain({ windowMs: 0, graceMs: 100 })
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(await hanging).toBe('cut')
  })

  it('loses no request that arrives during the window', async () => {
    const rig = await rigOf()
    let answered = 0
    const load = { running: true }
    const client = async (): Promise<void> => {
      while (load.running) {
        expect((await rig.post(BULK, {})).status).toBe(200)
        answered++
      }
    }
    const clients = [client(), client(), client()]
    const drained = rig.server.drain({ windowMs: 300 })
    await new Promise((resolve) => setTimeout(resolve, 200))
    load.running = false
    await Promise.all(clients)
    await drained
    expect(answered).toBeGreaterThan(20)
  })
})

describe('starting', () => {
  it('rejects and leaves nothing open when a port is taken', async () => {
    const holder = createServer()
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, '127.0.0.1', () => resolve((holder.address() as { port: number }).port))
    })
    await expect(startRig({ environments: [open(document)], port })).rejects.toThrow('EADDRINUSE')
    holder.close()
  })
})

describe('defects', () => {
  it('a handler that throws or rejects costs one 500 without a word of why', async () => {
    const broken = (path: string, handle: Route['handle']): Route => ({
      method: 'GET',
      template: path,
      scopes: ['server'],
      handle,
    })
    const rig = await rigOf({
      routes: [
        broken('/throws', () => {
          throw new Error('canary')
        }),
        broken('/rejects', () => Promise.reject(new Error('canary'))),
      ],
    })
    for (const path of ['/throws', '/rejects']) {
      const response = await fetch(`${rig.url}${path}`)
      const text = await response.text()
      expect(response.status).toBe(500)
      expect(text).toContain('"errorCode":"GENERAL"')
      expect(text).not.toContain('canary')
    }
    expect(await rig.metrics.text()).toContain('halyard_handler_failures_total 2')
    expect((await rig.post(BULK, {})).status).toBe(200)
  })
})

describe('reloading', () => {
  it('serves other environments on the same connection', async () => {
    const rig = await rigOf()
    const other = { flags: { g: { variants: { a: 2 }, serve: 'a' } } }
    const bytes = `POST ${BULK}/g HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`
    const answers = sendRaw(rig.port, [bytes, bytes], 200)
    await new Promise((resolve) => setTimeout(resolve, 100))
    rig.server.reload({
      environments: [open(other, { name: 'other', environment: new HandMadeEnvironment('other', other) })],
    })
    expect((await answers).statuses).toEqual([404, 200])
  })
})
