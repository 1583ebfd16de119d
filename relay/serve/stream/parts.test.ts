import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SseParser } from '../../upstream/sse-parser.ts'
import { HandMadeEnvironment } from '../testing/environment.ts'
import { MemoryOutlet } from '../testing/outlet.ts'
import { open } from '../testing/rig.ts'
import { StreamBench } from '../testing/stream-bench.ts'
import { answersDigest, idText, isAhead, readId } from './event-id.ts'
import { Scratch } from './scratch.ts'
import { eventText } from './sse.ts'

const SEED = 11

describe('events as text', () => {
  it(`are one event each, whatever JSON they carry (seed ${SEED})`, () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 2), (value, indent) => {
        const events: string[] = []
        const parser = new SseParser({ event: ({ data }) => events.push(data) }, 1_000_000)
        const written = JSON.stringify(value, undefined, indent).replaceAll('\n', '\r\n')
        parser.push(Buffer.from(eventText('whole', 'id', written) + eventText(undefined, 'id', '{}')))
        expect(events).toHaveLength(2)
        expect(JSON.parse(events[0] ?? '')).toEqual(JSON.parse(written))
      }),
      { seed: SEED, numRuns: 500 },
    )
  })
})

describe('ids of events', () => {
  const point = { revision: 'r2', epoch: 2, version: 5, at: 0, snapshot: undefined }

  it('are read as they are written, and nothing else is', () => {
    expect(readId(idText(point, 'a_b-'))).toEqual({ epoch: 2, version: 5, revision: 'r2', answers: 'a_b-' })
    expect(readId(` ${idText(point)} `)).toEqual({ epoch: 2, version: 5, revision: 'r2', answers: '' })
    for (const text of [
      '',
      '1',
      '1.2',
      '1.2.',
      '-1.2.x',
      '1.2.x.',
      '1.2.x.y.z',
      '1.2.x y',
      `1.2.${'x'.repeat(200)}`,
      '٣.1.x',
    ]) {
      expect(readId(text), text).toBeUndefined()
    }
  })

  it('are ahead by epoch, then version, and never for the same document', () => {
    const ahead = (epoch: number, version: number, revision = 'r1'): boolean =>
      isAhead({ epoch, version, revision }, point)
    expect([ahead(2, 6), ahead(3, 1), ahead(2, 5), ahead(2, 4), ahead(1, 9), ahead(3, 9, 'r2')]).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })

  it('tell texts apart that differ in lone surrogates only', () => {
    expect(answersDigest('a\uD800')).not.toBe(answersDigest('a\uD801'))
    expect(answersDigest('a\uD800')).toBe(answersDigest('a\uD800'))
  })
})

describe('memory that frames share', () => {
  it('is not used again while a client has something of it to take', () => {
    const scratch = new Scratch()
    const slow = new MemoryOutlet()
    slow.reads = false
    scratch.write('first', slow)
    const quick = new MemoryOutlet()
    scratch.write('other', quick)
    scratch.write('third', quick)
    slow.take()
    expect([slow.text(), quick.text()]).toEqual(['first', 'otherthird'])
  })

  it('holds many small frames that wait, as over TLS all do for a moment, and mixes up none', () => {
    const scratch = new Scratch()
    const outlets = Array.from({ length: 300 }, (_, index) => {
      const outlet = new MemoryOutlet()
      outlet.reads = index % 3 === 2
      scratch.write(`${index} `.repeat(1 + (index % 40)), outlet)
      return outlet
    })
    const blocks = new Set(outlets.filter(({ reads }) => !reads).map(({ written }) => written[0]?.buffer))
    expect(blocks.size).toBeLessThan(10)
    for (const [index, outlet] of outlets.entries()) {
      outlet.take()
      expect(outlet.text()).toBe(`${index} `.repeat(1 + (index % 40)))
    }
  })

  it('holds every text that is said to fit', () => {
    const scratch = new Scratch()
    for (const character of ['a', 'é', '€', '𝄞', '\uD800']) {
      const text = character.repeat(Math.floor(16_384 / 3 / character.length))
      expect(scratch.fits(text)).toBe(true)
      const outlet = new MemoryOutlet()
      scratch.write(text, outlet)
      expect(outlet.written[0]?.equals(Buffer.from(text))).toBe(true)
    }
    expect(scratch.fits('a'.repeat(5_462))).toBe(false)
  })
})

it('a document that gets another number among replicas is told of to nobody, and resumed from', async () => {
  const document = { flags: { one: { variants: { a: 1 }, serve: 'a' } } }
  const environment = new HandMadeEnvironment('test', document)
  const bench = new StreamBench({ environments: [open(document, { environment })] })
  const before = await bench.open({ path: '/v1/stream' })
  const id = /id: (.*)/.exec(before.text())?.[1] ?? ''
  environment.restamp({ epoch: 4, version: 17 })
  await bench.timers.advance(100)
  const written = before.written.length
  const after = await bench.open({ path: '/v1/stream', lastEventId: id })
  expect(after.text()).toContain('event: current')
  expect(after.text()).toContain('"epoch":4,"version":17')
  expect(before.written).toHaveLength(written)
  environment.swap({ flags: { one: { variants: { a: 2 }, serve: 'a' } } })
  await bench.timers.advance(100)
  expect(before.text()).toContain('event: changed')
})
