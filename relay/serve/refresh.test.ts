/** Who may have the vendor asked, how often it is, and that a call while it is being asked is not lost. */
import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { FakeTimers } from '../upstream/fake-timers.ts'
import { HandMadeEnvironment } from './testing/environment.ts'
import { open, startRig } from './testing/rig.ts'
import type { Rig } from './testing/rig.ts'

const SECRET = 'a-webhook-secret-of-shop'
const ADMIN = 'an-admin-key-of-shop'
const document = { flags: { f: { variants: { a: 1 }, serve: 'a' } } }

class Asked extends HandMadeEnvironment {
  times = 0

  refresh(): void {
    this.times++
  }
}

const running: { readonly rig: Rig; readonly timers: FakeTimers }[] = []
afterEach(async () => {
  for (const { rig, timers } of running.splice(0)) {
    const stopped = new AbortController()
    const stopping = rig.stop().then(() => stopped.abort())
    while (!stopped.signal.aborted) {
      await timers.advance(1_000)
      await new Promise((resolve) => void setImmediate(resolve))
    }
    await stopping
  }
})

async function started() {
  const timers = new FakeTimers()
  const shop = new Asked('shop', document)
  const bank = new Asked('bank', document)
  const keys = { server: [{ secret: 'a-server-key' }], client: [], admin: [{ secret: ADMIN }] }
  const others = { server: [], client: [], admin: [{ secret: 'an-admin-key-of-bank' }] }
  const mirror = new HandMadeEnvironment('mirror', document)
  const none = { server: [{ secret: 'a-server-key-of-mirror' }], client: [], admin: [] }
  const rig = await startRig({
    timers,
    environments: [
      open(document, { name: 'shop', environment: shop, keys, webhookSecrets: [SECRET] }),
      open(document, { name: 'bank', environment: bank, keys: others, webhookSecrets: ['another-webhook-secret'] }),
      open(document, { name: 'mirror', environment: mirror, keys: none, webhookSecrets: ['m'] }),
    ],
  })
  running.push({ rig, timers })
  const post = async (headers: Record<string, string>, query = '', body = '{}'): Promise<number> => {
    const answer = await fetch(`${rig.managementUrl}/v1/refresh${query}`, { method: 'POST', headers, body })
    await answer.arrayBuffer()
    return answer.status
  }
  return { timers, shop, bank, post, rig }
}

describe('POST /v1/refresh', () => {
  const signed = (body: string, secret = SECRET): string =>
    `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

  it.each<[string, Record<string, string>, string]>([
    ['an admin key', { authorization: `Bearer ${ADMIN}` }, ''],
    ['the secret as a bearer’s', { authorization: `Bearer ${SECRET}` }, ''],
    ['the secret as a key', { 'x-api-key': SECRET }, '?environment=shop'],
    ['the secret as GitLab shows it', { 'x-gitlab-token': SECRET, 'x-halyard-environment': 'shop' }, ''],
    ['a signature as GitHub makes it', { 'x-hub-signature-256': signed('{}') }, ''],
  ])('asks the vendor for %s', async (_, headers, query) => {
    const { shop, bank, post } = await started()
    expect(await post(headers, query)).toBe(202)
    expect([shop.times, bank.times]).toEqual([1, 0])
  })

  it.each<[string, Record<string, string>, string, number]>([
    ['nothing', {}, '', 401],
    ['a wrong secret', { authorization: `Bearer ${SECRET}x` }, '', 401],
    ['a server key', { authorization: 'Bearer a-server-key' }, '', 403],
    ['the secret of another environment', { authorization: `Bearer ${SECRET}` }, '?environment=bank', 401],
    ['a key of another environment', { authorization: `Bearer ${ADMIN}` }, '?environment=bank', 403],
    ['a signature over another body', { 'x-hub-signature-256': signed('{"a":1}') }, '', 401],
    ['a signature by another secret', { 'x-hub-signature-256': signed('{}', 'other') }, '', 401],
    ['the secret of an environment that is only mirrored', { authorization: 'Bearer m' }, '', 501],
  ])('refuses %s', async (_, headers, query, status) => {
    const { shop, bank, post } = await started()
    expect(await post(headers, query)).toBe(status)
    expect([shop.times, bank.times]).toEqual([0, 0])
  })

  it('is not there for GET, nor at the public door', async () => {
    const { rig } = await started()
    expect((await fetch(`${rig.managementUrl}/v1/refresh`)).status).toBe(405)
    expect((await rig.post('/v1/refresh', {}, { authorization: `Bearer ${SECRET}` })).status).toBe(404)
  })

  it('asks once a second at most, and once more after the last call', async () => {
    const { timers, shop, post } = await started()
    const headers = { authorization: `Bearer ${SECRET}` }
    for (let call = 0; call < 20; call++) expect(await post(headers)).toBe(202)
    expect(shop.times).toBe(1)
    await timers.advance(999)
    expect(shop.times).toBe(1)
    await timers.advance(1)
    expect(shop.times).toBe(2)
    await timers.advance(10_000)
    expect(shop.times).toBe(2)
    expect(await post(headers)).toBe(202)
    expect(shop.times).toBe(3)
  })
})
