import { Buffer } from 'node:buffer'
import { OFREPProvider } from '@openfeature/ofrep-provider'
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { OpenFeature as ServerSdk } from '@openfeature/server-sdk'
import { OpenFeature as WebSdk } from '@openfeature/web-sdk'
import type { Provider as WebProvider } from '@openfeature/web-sdk'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { HandMadeEnvironment } from '../testing/environment.ts'
import { open, startRig } from '../testing/rig.ts'
import type { Rig } from '../testing/rig.ts'
import type { TestDocument } from '../testing/rules.ts'

const document: TestDocument = {
  flags: {
    checkout: {
      variants: { on: true, off: false },
      serve: 'off',
      rules: [{ attribute: 'plan', equals: 'pro', serve: 'on' }],
      metadata: { owner: 'payments', level: 2, live: true },
    },
    title: {
      variants: { a: 'Hällo', b: 'Bonjour' },
      serve: 'a',
      rules: [{ attribute: 'locale', equals: 'fr', serve: 'b' }],
    },
    ratio: { variants: { a: 1, b: 0.5 }, serve: 'a' },
    layout: { variants: { a: { columns: [1, 2] } }, serve: 'a' },
    off: { variants: { a: true }, disabled: true },
    keyed: { variants: { a: 'a' }, serve: 'a', needsTargetingKey: true },
    bad: { variants: {}, broken: true },
    'space & slash/flag': { variants: { a: 'found' }, serve: 'a' },
  },
}
const keys = { server: [{ secret: 'server-key' }], client: [{ secret: 'client-key' }], admin: [] }

describe('unmodified OpenFeature clients', () => {
  let rig: Rig
  const environment = new HandMadeEnvironment('shop', document)
  const starting = new HandMadeEnvironment('late')
  beforeAll(async () => {
    rig = await startRig({
      environments: [
        open(document, { name: 'shop', environment, keys }),
        open(document, {
          name: 'late',
          environment: starting,
          keys: { ...keys, server: [{ secret: 'late-key' }], client: [{ secret: 'late-client' }] },
        }),
      ],
    })
  })
  afterAll(async () => {
    await ServerSdk.close()
    await WebSdk.close()
    await rig.stop()
  })

  describe('server provider', () => {
    const clientOf = async (secret: string, baseUrl = rig.url): Promise<ReturnType<typeof ServerSdk.getClient>> => {
      const domain = `${secret}-${baseUrl}`
      await ServerSdk.setProviderAndWait(
        domain,
        new OFREPProvider({ baseUrl, headers: [['Authorization', `Bearer ${secret}`]] }),
      )
      return ServerSdk.getClient(domain)
    }

    it('gets values, variants, reasons and metadata', async () => {
      const client = await clientOf('server-key')
      expect(await client.getBooleanDetails('checkout', false, { targetingKey: 'u', plan: 'pro' })).toMatchObject({
        value: true,
        variant: 'on',
        reason: 'TARGETING_MATCH',
        flagMetadata: { owner: 'payments', level: 2, live: true },
      })
      expect(await client.getStringDetails('title', '', {})).toMatchObject({
        value: 'Hällo',
        variant: 'a',
        reason: 'DEFAULT',
      })
      expect(await client.getNumberValue('ratio', 0)).toBe(1)
      expect(await client.getObjectValue('layout', {})).toEqual({ columns: [1, 2] })
      expect(await client.getStringValue('space & slash/flag', '')).toBe('found')
    })

    it('gets the right error for each failure, and its own default', async () => {
      const client = await clientOf('server-key')
      const details = async (key: string, from = client): Promise<unknown> => {
        const { value, errorCode } = await from.getStringDetails(key, 'mine', {})
        return [value, errorCode]
      }
      expect(await details('nope')).toEqual(['mine', 'FLAG_NOT_FOUND'])
      expect(await details('keyed')).toEqual(['mine', 'TARGETING_KEY_MISSING'])
      expect(await details('bad')).toEqual(['mine', 'PARSE_ERROR'])
      expect(await details('checkout')).toEqual(['mine', 'TYPE_MISMATCH'])
      expect(await details('title', await clientOf('wrong-key'))).toEqual(['mine', 'GENERAL'])
      expect(await details('title', await clientOf('late-key'))).toEqual(['mine', 'GENERAL'])
      expect((await client.getBooleanDetails('off', true)).value).toBe(true)
    })

    it('works under a path that names the environment', async () => {
      const client = await clientOf('server-key', `${rig.url}/environments/shop`)
      expect(await client.getStringValue('title', '', { locale: 'fr' })).toBe('Bonjour')
    })
  })

  it.each(['/', '/environments/shop/', '/environments/shop//'])(
    'work with the base URL %s, to which they append their own slash',
    async (path) => {
      const baseUrl = `${rig.url}${path}`
      const headers: [string, string][] = [['X-API-Key', 'server-key']]
      await ServerSdk.setProviderAndWait(baseUrl, new OFREPProvider({ baseUrl, headers }))
      expect(await ServerSdk.getClient(baseUrl).getStringValue('title', '', { locale: 'fr' })).toBe('Bonjour')
      await WebSdk.setContext(baseUrl, { targetingKey: 'u1', locale: 'fr' })
      const web = new OFREPWebProvider({ baseUrl, headers, changeDetection: 'none', cacheMode: 'disabled' })
      await WebSdk.setProviderAndWait(baseUrl, web as WebProvider)
      expect(WebSdk.getClient(baseUrl).getStringValue('title', '')).toBe('Bonjour')
    },
  )

  describe('web provider', () => {
    const providerOf = (secret: string, calls: { status: number; tag: string | null }[]): WebProvider =>
      new OFREPWebProvider({
        baseUrl: rig.url,
        headers: [['X-API-Key', secret]],
        changeDetection: 'none',
        cacheMode: 'disabled',
        fetchImplementation: async (input, init) => {
          const response = await fetch(input, init)
          calls.push({
            status: response.status,
            tag: new Headers(input instanceof Request ? input.headers : init?.headers).get('if-none-match'),
          })
          return response
        },
      }) as WebProvider

    it('starts, follows its user, and never sees another user through a 304', async () => {
      const calls: { status: number; tag: string | null }[] = []
      await WebSdk.setContext('shop', { targetingKey: 'u1', plan: 'free' })
      await WebSdk.setProviderAndWait('shop', providerOf('client-key', calls))
      const client = WebSdk.getClient('shop')
      expect(client.getBooleanValue('checkout', true)).toBe(false)
      expect(client.getStringDetails('title', '')).toMatchObject({ value: 'Hällo', variant: 'a' })
      expect(client.getNumberValue('ratio', 0)).toBe(1)
      expect(client.getObjectValue('layout', {})).toEqual({ columns: [1, 2] })
      expect(client.getStringDetails('nope', 'mine')).toMatchObject({ value: 'mine', errorCode: 'FLAG_NOT_FOUND' })

      await WebSdk.setContext('shop', { targetingKey: 'u1', plan: 'pro' })
      await vi.waitFor(() => expect(client.getBooleanValue('checkout', false)).toBe(true))
      await WebSdk.setContext('shop', { targetingKey: 'u1', plan: 'pro', page: '/cart' })
      await vi.waitFor(() => expect(calls.at(-1)).toMatchObject({ status: 304, tag: expect.any(String) }))
      expect(client.getBooleanValue('checkout', false)).toBe(true)
      expect(calls.map(({ status }) => status)).toEqual([200, 200, 304])
    })

    it('fails to start where it should', async () => {
      for (const secret of ['wrong-key', 'late-client']) {
        await expect(WebSdk.setProviderAndWait(secret, providerOf(secret, []))).rejects.toThrow()
      }
    })
  })

  it('a client that reads bytes sees what was promised about them', async () => {
    const response = await rig.post('/ofrep/v1/evaluate/flags/title', {}, { 'X-API-Key': 'server-key' })
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(response.headers.get('content-length')).toBe(String(bytes.length))
    expect(bytes.toString()).toBe('{"key":"title","reason":"DEFAULT","variant":"a","value":"Hällo"}')
  })
})
