import { hash } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemTimers } from '../upstream/clock.ts'
import { Credentials, keyId } from './credentials.ts'
import type { Key } from './settings.ts'
import { HandMadeEnvironment } from './testing/environment.ts'
import { open, sendRaw, startRig } from './testing/rig.ts'
import type { Rig, RigOptions } from './testing/rig.ts'

const BULK = '/ofrep/v1/evaluate/flags'
const documentOf = (value: string) => ({ flags: { who: { variants: { a: value }, serve: 'a' } } })

async function rigOf(options: RigOptions): Promise<Rig> {
  const rig = await startRig(options)
  onTestFinished(() => rig.stop())
  return rig
}

async function who(rig: Rig, headers: Record<string, string> = {}, prefix = ''): Promise<unknown> {
  const response = await rig.post(`${prefix}${BULK}/who`, {}, headers)
  const body = (await response.json()) as { value?: unknown }
  return response.status === 200 ? body.value : response.status
}

const named = (name: string, server: readonly Key[] = [], more: Parameters<typeof open>[1] = {}) =>
  open(documentOf(name), {
    name,
    environment: new HandMadeEnvironment(name, documentOf(name)),
    keys: { server, client: [], admin: [] },
    ...more,
  })

describe('who may speak to which environment', () => {
  it('a key leads to its environment, in either header, whatever the case of the scheme', async () => {
    const rig = await rigOf({ environments: [named('a', [{ secret: 'key-a' }]), named('b', [{ secret: 'key-b' }])] })
    expect(await who(rig, { Authorization: 'Bearer key-a' })).toBe('a')
    expect(await who(rig, { authorization: 'bearer  key-b' })).toBe('b')
    expect(await who(rig, { 'X-API-Key': 'key-b' })).toBe('b')
    expect(await who(rig, { 'X-API-Key': 'key-b', Authorization: 'Basic eDp5' })).toBe('b')
    expect(await who(rig, { 'X-API-Key': 'key-b' }, '/environments/b')).toBe('b')
    expect(await who(rig, { 'X-API-Key': 'key-b', 'X-Halyard-Environment': 'b' })).toBe('b')
    expect(await who(rig, { 'X-API-Key': 'key-b', 'X-Halyard-Environment': 'a' })).toBe(403)
    expect(await who(rig, { 'X-API-Key': 'key-b' }, '/environments/a')).toBe(403)
    expect(await who(rig, { 'X-API-Key': 'key-b' }, '/environments/unknown')).toBe(403)
  })

  it('anything that is not exactly a key gets 401 and never a 5xx', async () => {
    const rig = await rigOf({ environments: [named('a', [{ secret: 'key-a' }])] })
    const guesses = [
      'key-',
      'key-aa',
      'KEY-A',
      'key-a,key-a',
      hash('sha256', 'key-a', 'hex'),
      `sha256:${hash('sha256', 'key-a', 'hex')}`,
      '__proto__',
      'constructor',
      '%6bey-a',
      'x'.repeat(4_096),
      '\u00ff\u00e9',
    ]
    for (let length = 0; length <= 4_096; length = length * 2 + 1) guesses.push('k'.repeat(length))
    for (const guess of guesses) {
      expect(await who(rig, { 'X-API-Key': guess }), guess.slice(0, 20)).toBe(401)
      expect(await who(rig, { Authorization: `Bearer ${guess}` }), guess.slice(0, 20)).toBe(401)
    }
    for (const header of ['key-a', 'Bearer', 'Bearer key-a key-a', 'Token key-a', 'Basic a2V5LWE=', 'Bearerkey-a']) {
      expect(await who(rig, { Authorization: header }), header).toBe(401)
    }
    const refused = await rig.post(BULK, {})
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="halyard"'])
  })

  it('without any keys it is open to its own machine only, unless it is anonymous', async () => {
    const rig = await rigOf({ environments: [named('a')], host: '0.0.0.0' })
    expect(await who(rig)).toBe('a')
    expect(await who(rig, { 'X-API-Key': 'whatever' })).toBe('a')
    expect(await who(rig, { 'X-Forwarded-For': '203.0.113.9' })).toBe(401)
    expect(await who(rig, { Forwarded: 'for=203.0.113.9' })).toBe(401)
    const rebound = `POST ${BULK} HTTP/1.1\r\nHost: evil.example:${rig.port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
    expect((await sendRaw(rig.port, rebound, 1_000)).statuses).toEqual([401])
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)
    const viaNetwork = async (port: number): Promise<number> =>
      (await fetch(`http://${outside?.address ?? '127.0.0.1'}:${port}${BULK}`, { method: 'POST' })).status
    if (outside !== undefined) expect(await viaNetwork(rig.port)).toBe(401)
    const anonymous = await rigOf({ environments: [named('a', [], { anonymous: true })], host: '0.0.0.0' })
    expect(await viaNetwork(anonymous.port)).toBe(200)
    expect(await who(anonymous, { 'X-Forwarded-For': '203.0.113.9' })).toBe('a')
  })

  it('open environments are chosen by header, by path, or by being the only one', async () => {
    const rig = await rigOf({ environments: [named('a'), named('b ü/c'), named('k', [{ secret: 'key-k' }])] })
    expect(await who(rig, { 'X-Halyard-Environment': 'a' })).toBe('a')
    expect(await who(rig, {}, `/environments/${encodeURIComponent('b ü/c')}`)).toBe('b ü/c')
    expect(await who(rig)).toBe(401)
    expect(await who(rig, { 'X-Halyard-Environment': 'k' })).toBe(401)
    expect(await who(rig, { 'X-Halyard-Environment': 'nope' })).toBe(401)
    expect(await who(rig, {}, '/environments/%zz')).toBe(404)
    const single = await rigOf({ environments: [named('a'), named('k', [{ secret: 'key-k' }])] })
    expect(await who(single)).toBe('a')
  })

  it('anonymous beside keys means client rights, and a wrong key is still refused', async () => {
    const document = { flags: { who: { variants: { a: 'x' }, serve: 'a', serverOnly: true } } }
    const environment = new HandMadeEnvironment('a', document)
    const rig = await rigOf({ environments: [named('a', [{ secret: 'key-a' }], { anonymous: true, environment })] })
    expect(await who(rig, { 'X-API-Key': 'key-a' })).toBe('x')
    expect(await who(rig)).toBe(404)
    expect(await who(rig, { 'X-API-Key': 'wrong' })).toBe(401)
  })

  it('before there is any environment the answer is 503, and not ready', async () => {
    const rig = await rigOf({ environments: [] })
    const early = await rig.post(BULK, {}, { 'X-API-Key': 'key-a' })
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await fetch(`${rig.managementUrl}/readyz`)).status).toBe(503)
    rig.server.reload({ environments: [named('a', [{ secret: 'key-a' }])] })
    expect(await who(rig, { 'X-API-Key': 'key-a' })).toBe('a')
    expect((await fetch(`${rig.managementUrl}/readyz`)).status).toBe(200)
  })

  it('routes may be closed to a scope', async () => {
    const keys = { server: [{ secret: 's' }], client: [{ secret: 'c' }], admin: [] }
    const route = {
      method: 'GET',
      template: '/v1/secrets',
      scopes: ['server'],
      handle: () => ({ status: 200, headers: [], body: 'x' }),
    } as const
    const rig = await rigOf({ environments: [named('a', [], { keys })], routes: [route] })
    const ask = async (key: string): Promise<number> =>
      (await fetch(`${rig.url}/v1/secrets`, { headers: { 'X-API-Key': key } })).status
    expect([await ask('s'), await ask('c'), await ask('x')]).toEqual([200, 403, 401])
  })
})

describe('keys', () => {
  it('overlap during a rotation and end on time', async () => {
    let ahead = 0
    const timers = { ...systemTimers, now: () => Date.now() + ahead }
    const keys = [
      { secret: 'old', expiresAt: Date.now() + 60_000 },
      { secret: `sha256:${hash('sha256', 'new', 'hex')}` },
    ]
    const rig = await rigOf({ environments: [named('a', keys)], timers })
    expect([await who(rig, { 'X-API-Key': 'old' }), await who(rig, { 'X-API-Key': 'new' })]).toEqual(['a', 'a'])
    ahead = 60_001
    expect([await who(rig, { 'X-API-Key': 'old' }), await who(rig, { 'X-API-Key': 'new' })]).toEqual([401, 'a'])
  })

  it('are replaced under load without one wrong 401', async () => {
    const rig = await rigOf({ environments: [named('a', [{ secret: 'k0' }])] })
    let current = 0
    let asked = 0
    const load = { running: true }
    const client = async (): Promise<void> => {
      while (load.running) {
        const using = current
        const answer = await who(rig, { 'X-API-Key': `k${using}` })
        if (current - using <= 1) expect(answer).toBe('a')
        asked++
      }
    }
    const clients = [client(), client(), client(), client()]
    for (let round = 1; round <= 30; round++) {
      rig.server.reload({ environments: [named('a', [{ secret: `k${round - 1}` }, { secret: `k${round}` }])] })
      current = round
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    load.running = false
    await Promise.all(clients)
    expect(asked).toBeGreaterThan(30)
    expect(await who(rig, { 'X-API-Key': 'k0' })).toBe(401)
  })

  it('a reload that contradicts itself throws, names no secret and changes nothing', async () => {
    const rig = await rigOf({ environments: [named('a', [{ secret: 'good' }])] })
    const twice = [named('a', [{ secret: 'canary-secret' }]), named('b', [{ secret: 'canary-secret' }])]
    expect(() => rig.server.reload({ environments: twice })).toThrow(
      `the key with id ${keyId('canary-secret')} is configured more than once`,
    )
    expect(() => rig.server.reload({ environments: [named('a'), named('a')] })).toThrow('same name')
    expect(() => rig.server.reload({ environments: [named('a', [{ secret: '' }])] })).toThrow('empty')
    expect(() =>
      rig.server.reload({ environments: [named('a', [], { cors: { origins: ['https://*.shop.example'] } })] }),
    ).toThrow('origin')
    expect(await who(rig, { 'X-API-Key': 'good' })).toBe('a')
  })

  it('credentials are swapped whole', () => {
    const set = (secret: string) => [{ owner: 'o', keys: { server: [{ secret }], client: [], admin: [] } }]
    const credentials = new Credentials(set('one'))
    credentials.replace(set('two'))
    expect(credentials.find('one', 0)).toBeUndefined()
    expect(credentials.find('two', 0)).toMatchObject({ owner: 'o', scope: 'server', id: keyId('two') })
  })
})
