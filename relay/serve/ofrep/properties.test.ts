import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { HandMadeEnvironment } from '../testing/environment.ts'
import { open, startRig } from '../testing/rig.ts'
import type { Rig } from '../testing/rig.ts'
import type { TestDocument, TestFlag } from '../testing/rules.ts'
import { bulkTag } from './tag.ts'
import { ruleset } from '../testing/rules.ts'

const BULK = '/ofrep/v1/evaluate/flags'
const SEED = 20_261_120
const HOSTILE_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
  'length',
  'name',
  'caller',
  'arguments',
  'apply',
  'call',
  'bind',
  'then',
  'catch',
  'finally',
  'get',
  'set',
  'has',
  'size',
  'keys',
  'entries',
  'toJSON',
  'context',
  'targetingKey',
  'null',
  'undefined',
  'true',
  'NaN',
  '0',
  '-1',
  '01',
  '4294967295',
  '9007199254740993',
  '[object Object]',
  '$where',
  '${7*7}',
  '{{7*7}}',
  '<script>',
  '"',
  "'",
  '\\',
  '\u0000',
  '\u2028',
  '\uFEFF',
  '\u202E',
  'é',
  'e\u0301',
  '😀',
  ' ',
  '..',
  '%2e%2e%2f',
  'a'.repeat(2_000),
]

const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<TestFlag['variants'][string]>
const key = fc.oneof(
  fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    .filter((text) => text.isWellFormed() && text !== '.' && text !== '..'),
  fc.constantFrom(...HOSTILE_KEYS.slice(0, 32), 'a b', 'a+b', 'a%20b', 'a/b', 'a%2Fb', 'a/', '%', '%25'),
)
const attribute = fc.constantFrom('plan', 'country', '__proto__', 'constructor', 'targetingKey')
const operand = fc.constantFrom<TestFlag['variants'][string][]>('pro', 'x', '', 1, '1', true, null, -0, 0.5, ['a'], {
  a: 1,
})
const flag: fc.Arbitrary<TestFlag> = fc.record(
  {
    variants: fc.record({ a: json, b: json, c: json }),
    serve: fc.constantFrom('a', 'b'),
    rules: fc.array(fc.record({ attribute, equals: operand, serve: fc.constantFrom('a', 'b', 'c') }), { maxLength: 3 }),
    disabled: fc.boolean(),
    needsTargetingKey: fc.boolean(),
    serverOnly: fc.boolean(),
    broken: fc.boolean(),
  },
  { requiredKeys: ['variants'] },
)
const documents: fc.Arbitrary<TestDocument> = fc
  .uniqueArray(fc.tuple(key, flag), { maxLength: 8, selector: ([name]) => name })
  .map((entries) => ({ flags: Object.fromEntries(entries) }))
const contexts = fc.dictionary(attribute, fc.oneof(operand, json), { noNullPrototype: true })

describe('for any document and context', () => {
  const environment = new HandMadeEnvironment('test', { flags: {} })
  let rig: Rig
  beforeAll(async () => {
    const keys = { server: [{ secret: 's' }], client: [{ secret: 'c' }], admin: [] }
    rig = await startRig({ environments: [open({ flags: {} }, { environment, keys })] })
  })
  afterAll(() => rig.stop())

  it('bulk equals the singles of one snapshot', async () => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(documents, contexts, fc.constantFrom('s', 'c'), async (document, context, secret) => {
        const { ruleset } = environment.swap(document)
        const headers = { 'X-API-Key': secret }
        const bulk = await rig.post(BULK, { context }, headers)
        expect(bulk.status).toBe(200)
        const items = (await bulk.text()).slice('{"flags":['.length)
        let at = 0
        for (const name of ruleset.keys) {
          const single = await rig.post(`${BULK}/${encodeURIComponent(name)}`, { context }, headers)
          const text = await single.text()
          expect(single.headers.get('x-halyard-revision')).toBe(ruleset.revision)
          if (single.status === 404) {
            expect(ruleset.visible(name, 'client')).toBe(false)
            continue
          }
          expect(items.startsWith(text, at)).toBe(true)
          at += text.length + 1
          compared++
        }
        expect(items.slice(Math.max(0, at - 1))).toBe(']}')
      }),
      { seed: SEED, numRuns: 200 },
    )
    expect(compared).toBeGreaterThan(300)
  })

  it('equal tags mean equal bodies', () => {
    const scope = {
      environment: 'e',
      view: 'v',
      valueless: 'omit',
      snakeCase: false,
      metadata: true,
      stale: false,
      eventStreams: '',
    }
    let different = 0
    fc.assert(
      fc.property(documents, contexts, contexts, (document, one, other) => {
        const rules = ruleset(document)
        const body = (context: typeof one): string =>
          rules
            .outcomes(context, { now: 0 })
            .map(({ json }) => json)
            .join()
        const tags = [one, other].map((context) => bulkTag(rules, context, 0, scope))
        if (body(one) !== body(other)) {
          different++
          expect(tags[0]).not.toBe(tags[1])
        }
        expect(bulkTag(ruleset(document), structuredClone(one), 0, scope)).toBe(tags[0])
      }),
      { seed: SEED, numRuns: 2_000 },
    )
    expect(different).toBeGreaterThan(100)
  })

  it('tags tell contexts apart that only look alike', () => {
    const rules = ruleset({
      flags: {
        f: {
          variants: { a: 1 },
          serve: 'a',
          rules: [
            { attribute: 'x', equals: 1, serve: 'a' },
            { attribute: 'y', equals: 1, serve: 'a' },
          ],
        },
      },
    })
    const scope = {
      environment: 'e',
      view: 'v',
      valueless: 'omit',
      snakeCase: false,
      metadata: true,
      stale: false,
      eventStreams: '',
    }
    const alike = [
      {},
      { x: null },
      { x: 1 },
      { x: '1' },
      { x: true },
      { x: 'true' },
      { x: [] },
      { x: {} },
      { x: ['1'] },
      { x: [1] },
      { x: 'é' },
      { x: 'e\u0301' },
      { x: '\uD800' },
      { x: '\uD801' },
      { x: '\uFFFD' },
      { x: 'a', y: 'b' },
      { x: 'as1:b' },
      { x: 'a', y: 's1:b' },
      { x: { a: 1, b: 2 } },
      { x: { a: { b: 2 } } },
      { y: 1 },
      { y: -0 },
      { y: 0 },
      { y: '' },
    ]
    const tags = alike.map((context) => bulkTag(rules, context, 0, scope))
    expect(new Set(tags).size).toBe(alike.length)
    const scopes = [
      { ...scope, environment: 'f' },
      { ...scope, view: 'w' },
      { ...scope, valueless: '404' },
      { ...scope, snakeCase: true },
      { ...scope, metadata: false },
      { ...scope, stale: true },
      { ...scope, eventStreams: ',"eventStreams":[]' },
      { ...scope, environment: 'e","v' },
    ]
    expect(new Set([tags[0], ...scopes.map((one) => bulkTag(rules, {}, 0, one))]).size).toBe(scopes.length + 1)
  })
})

describe('hostile input', () => {
  let rig: Rig
  const before = Object.getOwnPropertyNames(Object.prototype).join()
  const environment = new HandMadeEnvironment('test', { flags: { real: { variants: { a: 1 }, serve: 'a' } } })
  beforeAll(async () => {
    rig = await startRig({ environments: [open({ flags: {} }, { environment })] })
  })
  beforeEach(() => {
    environment.swap({
      flags: {
        real: { variants: { a: 1 }, serve: 'a', rules: [{ attribute: 'constructor', equals: 'x', serve: 'a' }] },
      },
    })
  })
  afterAll(() => rig.stop())

  it.each(HOSTILE_KEYS.map((name) => [name.slice(0, 40), name]))(
    'the name %j is an ordinary name in every place',
    async (_label, name) => {
      const encoded = encodeURIComponent(name)
      const path = name === '..' ? '/ofrep/v1/evaluate/flags/%252e%252e' : `${BULK}/${encoded}`
      const absent = await rig.post(path, {})
      expect(absent.status).toBe(404)
      expect(await absent.json()).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' })

      const text = JSON.stringify(name)
      for (const body of [
        `{"context":{${text}:{"x":1}}}`,
        `{${text}:{"polluted":true},"context":{"targetingKey":${text}}}`,
        `{"context":{"a":{${text}:${text}}}}`,
      ]) {
        const response = await rig.post(`${BULK}/real`, body)
        expect(body.startsWith('{"context":{},') || name === 'context' || response.status === 200).toBe(true)
      }
      expect((await rig.post(`${BULK}?${encoded}=1&flagConfigEtag`, {})).status).toBe(200)
      expect((await rig.post(`/environments/${encoded}${BULK}`, {})).status).toBe(name === '..' ? 200 : 401)
      const printable = /^[\x20-\x7e]+$/.test(name) && name.trim() !== ''
      if (printable) {
        expect((await rig.post(BULK, {}, { 'X-Halyard-Environment': name })).status).toBe(401)
        expect((await rig.post(BULK, {}, { 'If-None-Match': name, Origin: name, 'Content-Type': name })).status).toBe(
          200,
        )
        expect((await rig.post(BULK, {}, { 'X-API-Key': name })).status).toBe(200)
      }
      if (/^[\w-]+$/.test(name))
        expect((await rig.post(BULK, {}, { [name]: 'x' }).catch(() => ({ status: 200 }))).status).toBe(200)

      environment.swap({
        flags: Object.fromEntries([
          [name, { variants: { [name === '__proto__' ? 'v' : name]: name }, serve: name === '__proto__' ? 'v' : name }],
        ]),
      })
      if (name !== '..') expect(await (await rig.post(path, {})).json()).toMatchObject({ key: name, value: name })
      expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(before)
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    },
  )

  const deep = (open: string, close: string, depth: number): string =>
    `{"context":{"a":${open.repeat(depth)}1${close.repeat(depth)}}}`
  const members = (count: number): string => Array.from({ length: count }, (_, index) => `"${index}":1`).join()
  it.each([
    ['nested arrays', deep('[', ']', 32), 400],
    ['nested objects', deep('{"a":', '}', 100_000), 400],
    ['half a million brackets', '['.repeat(500_000), 400],
    ['many members', `{"context":{${members(1_001)}}}`, 400],
    ['members colliding as array indices', `{"context":{${members(60_000)}}}`, 400],
    ['many elements', `{"context":{"a":[${'1,'.repeat(400_000)}1]}}`, 400],
    ['infinite number', '{"context":{"a":1e999}}', 400],
    ['negative infinity deep inside', '{"context":{"a":[{"b":[-1E+400]}]}}', 400],
    ['a number of many digits', `{"context":{"a":${'9'.repeat(400)}}}`, 400],
    ['unfinished string', `{"context":"${'\\'.repeat(1_000)}`, 400],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['overlong UTF-8', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 400],
    ['array as body', '[]', 400],
    ['text as body', '"x"', 400],
    ['null as body', 'null', 400],
    ['array as context', '{"context":[]}', 400],
    ['text as context', '{"context":"x"}', 400],
    ['more than a megabyte', ' '.repeat(1_048_577), 413],
    ['deepest allowed', deep('[', ']', 31), 200],
    ['most members allowed', `{"context":{${members(1_000)}}}`, 200],
    ['a megabyte of text', `{"context":{"a":"${'x'.repeat(1_000_000)}"}}`, 200],
    ['largest double', '{"context":{"a":1.7976931348623157e308}}', 200],
    ['brackets in text', `{"context":{"a":"${'[{:,'.repeat(20_000)}\\"[[["}}`, 200],
    ['duplicate members', '{"context":1,"context":{"a":1,"a":2}}', 200],
    ['proto as a member', '{"context":{"__proto__":{"toString":1}},"__proto__":{"context":1}}', 200],
  ])('JSON: %s', async (_name, body, status) => {
    const began = performance.now()
    for (const path of [BULK, `${BULK}/real`]) {
      const response = await fetch(`${rig.url}${path}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : new Uint8Array(body),
      })
      expect(response.status).toBe(status)
      await response.arrayBuffer()
    }
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(before)
  })

  it('any JSON, any bytes: never a 5xx', async () => {
    const bodies = fc.oneof(
      fc.json({ maxDepth: 5 }),
      fc.json({ maxDepth: 5 }).map((context) => `{"context":${context}}`),
      fc.uint8Array({ maxLength: 200 }),
    )
    await fc.assert(
      fc.asyncProperty(bodies, fc.constantFrom(BULK, `${BULK}/real`), async (body, path) => {
        const response = await fetch(`${rig.url}${path}`, {
          method: 'POST',
          body: typeof body === 'string' ? body : new Uint8Array(body),
        })
        expect([200, 400]).toContain(response.status)
        expect(response.headers.get('content-type')).toContain('application/json')
        await response.json()
      }),
      { seed: SEED, numRuns: 400 },
    )
  })
})
