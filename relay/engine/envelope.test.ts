/** Envelopes give back exactly what was put in, compile to the relay's revision and answers, and hostile ones are refused by name. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile, compileInSteps, dialectNames, DocumentError, survey, unwrap, wrap } from './index.ts'
import type { Compiled, Context, Envelope } from './index.ts'

const NOW = Date.UTC(2026, 10, 20)
const CONTEXTS: readonly Context[] = [
  {},
  { targetingKey: 'ada', country: 'NL', email: 'ada@example.com', age: 30, plan: 'pro' },
  { targetingKey: 'user-7', userId: 'user-7', country: 'BE', version: '2.4.0', premium: true },
]
/** Options that are not a dialect's defaults, so that losing them shows in the revision. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  featbit: { profile: 'node-1.3' },
  flagsmith: { profile: 'node' },
}
const vendors = dialectNames.filter((name) => name !== 'halyard')

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function text(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}

function envelopeOf(document: Uint8Array, parts: Partial<Envelope> = {}): Envelope {
  const sha256 = createHash('sha256').update(document).digest('hex')
  const order = { epoch: 1, version: 7, receivedAt: NOW }
  return { dialect: 'flagd', options: {}, revision: 'abc', sha256, ...order, document, ...parts }
}

function answers({ ruleset, problems }: Compiled): unknown {
  const outcomes = CONTEXTS.map((context) => ruleset.outcomes(context, { now: NOW }).map((one) => one.json))
  return { revision: ruleset.revision, dialect: ruleset.dialect, options: ruleset.options, problems, outcomes }
}

function stepwise(document: Uint8Array, pieceBytes: number): { readonly compiled: Compiled; readonly steps: number } {
  const outline = survey(document, pieceBytes)
  const sha256 = createHash('sha256').update(document).digest('hex')
  const run = compileInSteps({ dialect: 'halyard', document, sha256, outline, random: () => 0.5 })
  for (let steps = 0; ; steps++) {
    const step = run.next()
    if (step.done === true) return { compiled: step.value, steps }
  }
}

describe.each(vendors)('a %s document in an envelope', (dialect) => {
  const options = OPTIONS[dialect] ?? {}
  const document = readFileSync(join(import.meta.dirname, `../../config/flags/${dialect}.json`))
  const random = (): number => 0.5
  const own = compile({ dialect, options, document, random })
  const envelope = wrap(envelopeOf(document, { dialect, options, revision: own.ruleset.revision }))

  it('has the revision and the answers it has by itself', () => {
    const expected = answers(own)
    expect(answers(compile({ dialect: 'halyard', document: envelope, random }))).toEqual(expected)
    expect(answers(compile({ dialect: 'halyard', document: text(envelope), random }))).toEqual(expected)
    expect(unwrap(envelope).revision).toBe(own.ruleset.revision)
    expect(own.ruleset.keys.length).toBeGreaterThan(2)
  })

  it('has them when compiled in steps, and as soon as its pieces are small enough in more than one', () => {
    for (const pieceBytes of [16, 500, 1e9]) {
      expect(answers(stepwise(envelope, pieceBytes).compiled)).toEqual(answers(own))
    }
    expect(stepwise(envelope, 16).steps).toBeGreaterThan(own.ruleset.keys.length)
  })

  it('is one line, and comes out with the tokens it went in with', () => {
    expect(text(envelope)).not.toMatch(/[\r\n]/)
    expect(text(unwrap(envelope).document)).toBe(
      text(document)
        .trimEnd()
        .replaceAll(/[\r\n]/g, ' '),
    )
  })

  it('gets a new envelope instead of a second one', () => {
    const again = wrap(envelopeOf(envelope, { dialect: 'halyard', revision: own.ruleset.revision, epoch: 3 }))
    expect(unwrap(again)).toEqual({ ...unwrap(envelope), epoch: 3 })
  })
})

describe('an envelope', () => {
  const FLAGD = '{"flags":{"a":{"state":"ENABLED","variants":{"on":1.0},"defaultVariant":"on"}}}'
  const envelope = text(wrap(envelopeOf(bytes(FLAGD))))

  it('has its members in the published order, and the document as it was spelled', () => {
    const sha256 = createHash('sha256').update(FLAGD).digest('hex')
    expect(envelope).toBe(
      `{"dialect":"flagd","options":{},"revision":"abc","sha256":"${sha256}","epoch":1,"version":7,"receivedAt":${NOW},"document":${FLAGD}}`,
    )
    expect(compile({ dialect: 'halyard', document: envelope }).ruleset.outcomes({})[0]?.json).toContain('1.0')
  })

  it('may have its members in any order, with others between them and with white space', () => {
    const shuffled = fc.shuffledSubarray(
      [...Object.entries(JSON.parse(envelope) as object), ['more', [{ a: '}"\\' }]]],
      {
        minLength: 9,
      },
    )
    const expected = compile({ dialect: 'flagd', document: FLAGD.replace('1.0', '1') })
    fc.assert(
      fc.property(shuffled, fc.integer({ min: 0, max: 2 }), (members, indent) => {
        const text = ` ${JSON.stringify(Object.fromEntries(members), null, indent)}\n`
        const found = unwrap(text)
        expect(JSON.parse(new TextDecoder().decode(found.document))).toEqual(JSON.parse(FLAGD))
        const { ruleset } = compile({ dialect: 'halyard', document: text })
        expect(ruleset.outcomes({})[0]?.json).toBe(expected.ruleset.outcomes({})[0]?.json)
      }),
      { numRuns: 50, seed: 1 },
    )
  })

  it('says so when its relay is behind', () => {
    expect(unwrap(envelope)).not.toHaveProperty('stale')
    const behind = wrap({ ...unwrap(envelope), stale: true })
    expect(text(behind)).toContain(`"receivedAt":${NOW},"stale":true,"document":`)
    expect(unwrap(behind).stale).toBe(true)
    expect(() => unwrap(text(behind).replace('"stale":true', '"stale":1'))).toThrow('stale: must be true or false')
  })

  it('may be an object that was parsed already', () => {
    const { ruleset } = compile({ dialect: 'halyard', document: JSON.parse(envelope) as object })
    expect(ruleset.revision).toBe(compile({ dialect: 'flagd', document: FLAGD }).ruleset.revision)
  })

  it('drops the byte order mark of its document', () => {
    const document = wrap(envelopeOf(bytes(`\uFEFF${FLAGD}`)))
    expect(text(unwrap(document).document)).toBe(FLAGD)
    expect(compile({ dialect: 'halyard', document }).ruleset.keys).toEqual(['a'])
  })

  const without = (name: string): string => JSON.stringify({ ...(JSON.parse(envelope) as object), [name]: undefined })
  it.each(['dialect', 'options', 'revision', 'sha256', 'epoch', 'version', 'receivedAt', 'document'])(
    'without %s is refused by that name, and none is taken from the prototype',
    (name) => {
      expect(() => unwrap(without(name))).toThrow(`${name}: is missing`)
      const inherited = Object.assign(Object.create(JSON.parse(envelope) as object), JSON.parse(without(name)))
      expect(() => compile({ dialect: 'halyard', document: inherited as object })).toThrow(`${name}: `)
    },
  )

  it.each([
    ['nothing', '', 'not an envelope: must be a JSON object'],
    ['a list', '[]', 'must be a JSON object'],
    ['an empty object', '{}', 'a member without a name'],
    ['a cut head', envelope.slice(0, 30), ''],
    ['a cut document', envelope.slice(0, -2), ''],
    ['a missing brace', envelope.slice(0, -1), ''],
    ['something after it', `${envelope} 1`, ''],
    ['a second one after it', envelope + envelope, ''],
    ['a member twice', envelope.replace('"options":{}', '"options":{},"options":{}'), 'options: is there twice'],
    ['two documents', envelope.replace(/}$/, ',"document":{}}'), 'not valid JSON'],
    ['no colon', envelope.replace('"epoch":', '"epoch"'), 'a name without a value'],
    ['a dialect that is a number', envelope.replace('"flagd"', '1'), 'dialect: must be the name of a dialect'],
    ['an unknown dialect', envelope.replace('"flagd"', '"constructor"'), 'dialect: unknown dialect "constructor"'],
    ['options in a list', envelope.replace('"options":{}', '"options":[]'), 'options: must be an object'],
    ['options that are no JSON', envelope.replace('"options":{}', '"options":{x}'), 'options: not valid JSON'],
    ['options beyond all depth', envelope.replace('{}', `{"a":${'['.repeat(5e5)}${']'.repeat(5e5)}}`), 'options: '],
    ['a short hash', envelope.replace(/"sha256":"../, '"sha256":"'), 'sha256: must be 64 lower-case hex digits'],
    ['a negative version', envelope.replace('"version":7', '"version":-7'), 'version: must be a whole number'],
    ['a version that is none', envelope.replace('"version":7', '"version":"7"'), 'version: must be a whole number'],
    ['an epoch beyond counting', envelope.replace('"epoch":1', '"epoch":1e300'), 'epoch: must be a whole number'],
    ['a revision for a header', envelope.replace('"abc"', '"a\\r\\nb"'), 'revision: must be a revision'],
  ])('with %s is refused', (_, text, message) => {
    const refusal = (): unknown => compile({ dialect: 'halyard', document: text })
    expect(refusal).toThrow(DocumentError)
    expect(refusal).toThrow(message)
  })

  it('in an envelope is refused, however many there are', () => {
    let nested = bytes(envelope)
    for (let depth = 0; depth < 1000; depth++) {
      nested = bytes(`${envelope.slice(0, -FLAGD.length - 1).replace('"flagd"', '"halyard"')}${text(nested)}}`)
      if (depth === 0 || depth === 999) {
        expect(() => compile({ dialect: 'halyard', document: nested })).toThrow('dialect: an envelope in an envelope')
        expect(() => stepwise(nested, 16)).toThrow('an envelope in an envelope')
      }
    }
  })

  it('with bytes that are not UTF-8 is refused', () => {
    const broken = bytes(envelope.replace('"flagd"', '"flag\u007f"'))
    broken[broken.indexOf(0x7f)] = 0xff
    expect(() => unwrap(broken)).toThrow('dialect: not valid UTF-8')
  })

  it('with any bytes at all is refused or read, and never anything else', () => {
    const mutations = fc.array(fc.tuple(fc.nat(envelope.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(mutations, (mutations) => {
        const mutant = bytes(envelope)
        for (const [at, byte] of mutations) mutant[at] = byte
        try {
          compile({ dialect: 'halyard', document: mutant })
        } catch (error) {
          expect(error).toBeInstanceOf(DocumentError)
        }
      }),
      { numRuns: 2000, seed: 7 },
    )
  })
})
