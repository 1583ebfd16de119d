/** What callers get in process: strict types, prepared objects, names that objects have by birth. */
import { OpenFeature } from '@openfeature/server-sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HalyardProvider } from './provider.ts'
import { shop } from './testing/documents.ts'
import { envelopeOf } from './testing/mini-relay.ts'

const document = shop() as { flags: Record<string, object> }
const numbers = {
  huge: { state: 'ENABLED', variants: { a: 0 }, defaultVariant: 'a' },
  safe: { state: 'ENABLED', variants: { a: 9_007_199_254_740_991 }, defaultVariant: 'a' },
  big: { state: 'ENABLED', variants: { a: 1e300 }, defaultVariant: 'a' },
}
const text = JSON.stringify({ ...document, flags: { ...document.flags, ...numbers } })
const provider = new HalyardProvider({
  url: 'http://127.0.0.1:1',
  // Written by hand: a number that JavaScript cannot spell.
  bootstrap: new TextDecoder()
    .decode(envelopeOf(JSON.parse(text) as object, 1))
    .replace(
      '"huge":{"state":"ENABLED","variants":{"a":0}',
      '"huge":{"state":"ENABLED","variants":{"a":9007199254740993}',
    ),
})
const client = OpenFeature.getClient('answers')

beforeAll(() => OpenFeature.setProviderAndWait('answers', provider))
afterAll(() => provider.onClose())

describe('types', () => {
  it('gives values of the type asked for', async () => {
    expect(await client.getBooleanValue('banner', false)).toBe(true)
    expect(await client.getStringValue('title', '')).toBe('Hello')
    expect(await client.getNumberValue('limit', 0)).toBe(10)
    expect(await client.getObjectValue('theme', {})).toEqual({ color: '#000', sizes: [1, 2] })
  })

  it.each([
    ['string for boolean', () => client.getBooleanDetails('title', true), true],
    ['boolean for string', () => client.getStringDetails('banner', 'x'), 'x'],
    ['object for number', () => client.getNumberDetails('theme', 3), 3],
    ['number for object', () => client.getObjectDetails('limit', {}), {}],
  ])('never gives a %s', async (_, ask, fallback) => {
    expect(await ask()).toMatchObject({ value: fallback, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' })
  })

  it('gives no integer that is almost the right one', async () => {
    expect(await client.getNumberDetails('huge', 1)).toMatchObject({ value: 1, errorCode: 'TYPE_MISMATCH' })
    expect(provider.evaluate('huge')).toMatchObject({ errorCode: 'TYPE_MISMATCH' })
    expect(await client.getNumberValue('safe', 0)).toBe(Number.MAX_SAFE_INTEGER)
    expect(await client.getNumberValue('big', 0)).toBe(1e300)
  })

  it('leaves the default to the caller where the flag has none', async () => {
    const [yes, no] = await Promise.all([
      client.getBooleanDetails('none', true),
      client.getBooleanDetails('none', false),
    ])
    expect([yes.value, no.value, yes.errorCode]).toEqual([true, false, undefined])
  })
})

describe('names', () => {
  it('knows a flag called constructor, and none called after other birth rights', async () => {
    expect(await client.getBooleanDetails('constructor', false)).toMatchObject({ value: true, reason: 'STATIC' })
    for (const key of ['__proto__', 'toString', 'hasOwnProperty', '']) {
      expect(await client.getBooleanDetails(key, true)).toMatchObject({ value: true, errorCode: 'FLAG_NOT_FOUND' })
    }
  })

  it('takes contexts as they are on the wire: dates are texts, wherever they are', () => {
    const joined = new Date('2026-02-03T04:05:06Z')
    expect(provider.evaluate('since', { joined }).variant).toBe('yes')
    expect(provider.evaluate('since', { joined: 'never', other: { deep: [joined] }, __proto__: null }).variant).toBe(
      'no',
    )
  })
})

it('bears contexts of which nothing can be read', () => {
  const angry = {
    get email(): string {
      throw new Error('not now')
    },
    joined: new Date(0),
  }
  const circle: Record<string, unknown> = { joined: new Date(0) }
  circle['self'] = circle
  const deep = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)) as unknown
  for (const context of [angry, circle, { deep }, { email: Symbol('x') }, Object.create(null) as object]) {
    expect(['off', undefined]).toContain(provider.evaluate('beta', context as never).variant)
    expect(provider.evaluateAll(context as never).length).toBeGreaterThan(9)
  }
})

describe('shared results', () => {
  it('resolves to the same frozen object every time', async () => {
    const ask = () => provider.resolveBooleanEvaluation('banner', false, {})
    const [one, two] = await Promise.all([ask(), ask()])
    expect(one).toBe(two)
    expect(Object.isFrozen(one) && Object.isFrozen(one.flagMetadata)).toBe(true)
    expect(one).toEqual({
      value: true,
      variant: 'on',
      reason: 'STATIC',
      flagMetadata: { flagSetId: 'shop', version: '7', owner: 'web' },
    })
    expect(Object.isFrozen(provider.evaluate('theme').value)).toBe(true)
  })

  it('answers all flags at once, as one by one', () => {
    const context = { email: 'a@acme.example' }
    const all = provider.evaluateAll(context)
    expect(all.length).toBe(Object.keys(document.flags).length + 3)
    for (const answer of all) {
      expect(answer).toStrictEqual(provider.evaluate(answer.key, context))
    }
  })
})
