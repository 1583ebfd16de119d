/** Wrong options are found when the provider is made, and the message names the option, never a secret. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readOptions } from './options.ts'
import type { HalyardOptions } from './options.ts'

const url = 'http://relay.example/prefix/'
afterEach(() => vi.unstubAllEnvs())

describe('readOptions', () => {
  it('fills in every default', () => {
    const { fetch: _, timers: _t, ...settings } = readOptions({ url, key: 'k', environment: 'prod' })
    expect(settings).toEqual({
      url: 'http://relay.example/prefix',
      mode: 'in-process',
      headers: { authorization: 'Bearer k', 'x-halyard-environment': 'prod' },
      bootstrap: undefined,
      store: undefined,
      initTimeoutMs: 5000,
      staleAfterMs: 5000,
      errorAfterMs: undefined,
      pollMs: undefined,
      requestTimeoutMs: 10_000,
      exposures: undefined,
      maxQueuedEvents: 10_000,
      flushMs: 10_000,
      closeTimeoutMs: 2000,
    })
  })

  it.each<[string, unknown]>([
    ['url', 'relay.example'],
    ['url', 'ftp://relay.example'],
    ['url', 'http://user:secret@relay.example'],
    ['url', 'http://relay.example?a=secret'],
    ['url', 7],
    ['key', ''],
    ['key', 'sec\nret'],
    ['key', 7],
    ['environment', 'a\r\nb: secret'],
    ['mode', 'local'],
    ['initTimeoutMs', '5s'],
    ['initTimeoutMs', 0],
    ['staleAfterMs', -1],
    ['errorAfterMs', Number.NaN],
    ['pollMs', 1],
    ['requestTimeoutMs', null],
    ['maxQueuedEvents', 0.5],
    ['exposures.remembered', { exposures: { remembered: 0 } }],
    ['headers.x-a', { headers: { 'x-a': 'sec\nret' } }],
    ['store', { load: true }],
    ['store', null],
    ['exposures', 'yes'],
    ['exposures', null],
    ['headers', 'a=b'],
    ['timers', {}],
    ['fetch', 'node-fetch'],
    ['timeout', 1],
    ['__proto__', { ['__proto__']: 1 }],
  ])('names %s when it is wrong (%j)', (name, value) => {
    const [option = name] = name.split('.')
    const given =
      typeof value === 'object' && value !== null && Object.hasOwn(value, option) ? value : { [option]: value }
    const read = () => readOptions({ url, ...(given as HalyardOptions) })
    expect(read).toThrow(TypeError)
    expect(read).toThrow(new RegExp(`^${name}: `))
    expect(read).not.toThrow(/sec/)
  })

  it('needs a url from somewhere', () => {
    vi.stubEnv('OFREP_ENDPOINT', '')
    expect(() => readOptions({})).toThrow('url: is missing, and OFREP_ENDPOINT is not set')
  })
})

describe('the environment', () => {
  it('names the relay, headers and the timeout', () => {
    vi.stubEnv('OFREP_ENDPOINT', url)
    vi.stubEnv('OFREP_HEADERS', 'Authorization=Bearer%20a%3Db , X-Team = shop%2C bad header=1,=2,none, X-Team=cart')
    vi.stubEnv('OFREP_TIMEOUT_MS', '700')
    const settings = readOptions()
    expect(settings.url).toBe('http://relay.example/prefix')
    expect(settings.headers).toEqual({ authorization: 'Bearer a=b', 'x-team': 'cart' })
    expect(settings.requestTimeoutMs).toBe(700)
  })

  it('gives way to options', () => {
    vi.stubEnv('OFREP_ENDPOINT', 'http://other.example')
    vi.stubEnv('OFREP_HEADERS', 'authorization=nobody,x-a=1')
    vi.stubEnv('OFREP_TIMEOUT_MS', 'soon')
    const settings = readOptions({ url, key: 'k', headers: { 'X-B': '2' } })
    expect(settings).toMatchObject({
      url: 'http://relay.example/prefix',
      headers: { authorization: 'Bearer k', 'x-a': '1', 'x-b': '2' },
      requestTimeoutMs: 10_000,
    })
  })
})
