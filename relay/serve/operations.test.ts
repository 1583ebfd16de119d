/** Who may do what through the management door, and in which words it answers. */
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Refusal } from '../environment/operations.ts'
import type { Operations } from '../environment/operations.ts'
import { HandMadeEnvironment } from './testing/environment.ts'
import { open, startRig } from './testing/rig.ts'
import type { Rig } from './testing/rig.ts'

const document = { flags: { f: { variants: { a: 1 }, serve: 'a' } } }
const [ADMIN, SERVER, OTHER] = ['admin-key-canary', 'server-key-canary', 'other-admin-canary']

/** Writes down what it is asked; what it answers is the environment's business and tested there. */
class Operated extends HandMadeEnvironment {
  readonly asked: string[] = []
  readonly operations: Operations = {
    generations: () => Promise.resolve([]),
    rollBack: (to) => {
      this.asked.push(`rollback ${to}`)
      if (to === 'nowhere') return Promise.reject(new Refusal('no such generation'))
      return Promise.resolve({ from: '1.2', to: '1.1', order: '2.3', revision: 'r' })
    },
    unpin: () => {
      this.asked.push('unpin')
      return Promise.resolve({ from: '2.3', to: '3.4', order: '3.4', revision: 'r' })
    },
    confirm: (sha256) => {
      this.asked.push(`confirm ${sha256}`)
      return { sha256: 'abc', by: 'this replica' }
    },
  }
}

describe('operations', () => {
  let rig: Rig
  const keyed = new Operated('keyed', document)
  const keyless = new Operated('keyless', document)
  beforeAll(async () => {
    const keys = { server: [{ secret: SERVER }], client: [], admin: [{ secret: ADMIN }] }
    const other = { server: [], client: [], admin: [{ secret: OTHER }] }
    rig = await startRig({
      environments: [
        open(document, { name: 'keyed', environment: keyed, keys }),
        open(document, { name: 'keyless', environment: keyless }),
        open(document, { name: 'other', environment: new Operated('other', document), keys: other }),
        open(document, { name: 'mirror', environment: new HandMadeEnvironment('mirror', document) }),
      ],
    })
  })
  afterAll(() => rig.stop())

  const post = async (path: string, headers: Record<string, string> = {}, body?: string): Promise<[number, string]> => {
    const sent = body === undefined ? {} : { body }
    const response = await fetch(`${rig.managementUrl}${path}`, { method: 'POST', headers, ...sent })
    return [response.status, await response.text()]
  }
  const as = (key: string): Record<string, string> => ({ Authorization: `Bearer ${key}` })

  it('take the environment’s own admin key where one is configured, and nothing else', async () => {
    const statuses = []
    for (const headers of [{}, as(SERVER), as(OTHER), as('guess-guess'), as(ADMIN), { 'X-API-Key': ADMIN }]) {
      statuses.push((await post('/rollback/keyed', headers))[0])
    }
    expect(statuses).toEqual([401, 403, 403, 401, 200, 200])
    expect(keyed.asked).toEqual(['rollback undefined', 'rollback undefined'])
    const generations = await fetch(`${rig.managementUrl}/generations/keyed`)
    expect(generations.status).toBe(401)
  })

  it('are for callers on the same machine where no admin key is configured, and never for web pages', async () => {
    expect((await post('/confirm/keyless', {}, '{"sha256":"abcdef"}'))[0]).toBe(200)
    expect((await post('/confirm/keyless', { Origin: 'https://evil.example' }))[0]).toBe(403)
    expect((await post('/rollback/keyed', { ...as(ADMIN), Origin: 'http://127.0.0.1' }))[0]).toBe(403)
    expect((await post('/confirm/keyless', { 'X-Forwarded-For': '192.0.2.1' }))[0]).toBe(401)
    const { hostname, port } = new URL(rig.managementUrl)
    const rebound = await new Promise((resolve) => {
      const options = { hostname, port, method: 'POST', path: '/confirm/keyless', headers: { Host: 'evil.example' } }
      httpRequest(options, (response) => resolve(response.statusCode)).end()
    })
    expect(rebound).toBe(401)
    expect(keyless.asked).toEqual(['confirm abcdef'])
  })

  it('answer what was done, or in one sentence why not', async () => {
    const [status, body] = await post('/rollback/keyed', as(ADMIN), '{"to":"1.1"}')
    expect([status, JSON.parse(body)]).toEqual([200, { from: '1.2', to: '1.1', order: '2.3', revision: 'r' }])
    expect((await post('/rollback/keyed', as(ADMIN), '{"unpin":true}'))[0]).toBe(200)
    expect(keyed.asked.at(-1)).toBe('unpin')
    const [conflict, why] = await post('/rollback/keyed', as(ADMIN), '{"to":"nowhere"}')
    expect([conflict, why]).toEqual([409, '{"errorCode":"GENERAL","errorDetails":"no such generation"}'])
    const before = keyed.asked.length
    for (const bad of ['[]', '{', '"x"', '{"to":5}', '{"too":"x"}', '{"unpin":"yes"}', '{"__proto__":"x"}']) {
      expect((await post('/rollback/keyed', as(ADMIN), bad))[0]).toBe(400)
    }
    expect(keyed.asked).toHaveLength(before)
    expect((await post('/rollback/mirror'))[0]).toBe(404)
    expect((await post('/rollback/nobody'))[0]).toBe(404)
    expect((await fetch(`${rig.managementUrl}/rollback/keyed`)).status).toBe(405)
  })
})
