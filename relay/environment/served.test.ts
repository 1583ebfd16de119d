/** The pointer moves forward and never back, whoever asks: the last guard, behind everybody who should not have asked. */
import { compile } from '@halyard/engine'
import { expect, test } from 'vitest'
import { Served } from './served.ts'
import type { Snapshot } from './snapshot.ts'

const bytes = new TextEncoder().encode('{"flags":{}}')
const compiled = compile({ dialect: 'flagd', document: bytes })

function served(): { readonly served: Served; readonly moves: string[] } {
  const moves: string[] = []
  const made = new Served({
    name: 'shop',
    dialect: 'flagd',
    stores: [],
    timers: { now: () => 0 },
    peers: undefined,
    before: undefined,
    swapped: () => undefined,
    storeFailed: () => undefined,
    listenerFailed: (error) => {
      throw error
    },
  })
  made.subscribe(({ after }) => void moves.push(`${after.epoch}.${after.version}`))
  return { served: made, moves }
}

const at = (epoch: number, version: number): Omit<Snapshot, 'ruleset' | 'problems'> => ({
  epoch,
  version,
  bytes,
  sha256: `${epoch}${version}`,
  receivedAt: 0,
  loadedFrom: 'redis',
})

test.each([
  [1, 4],
  [1, 5],
  [0, 9],
])('what is not newer than 1.5 is refused: %d.%d', (epoch, version) => {
  const { served: one, moves } = served()
  one.swap(at(1, 5), compiled)
  expect(one.isBehind({ epoch, version })).toBe(false)
  expect(() => one.swap(at(epoch, version), compiled)).toThrow(RangeError)
  one.restamp({ epoch, version })
  expect([one.snapshot?.epoch, one.snapshot?.version]).toEqual([1, 5])
  expect(moves).toEqual(['1.5'])
})

test('a newer version and a newer epoch are taken', () => {
  const { served: one, moves } = served()
  one.swap(at(1, 5), compiled)
  one.swap(at(1, 6), compiled)
  one.restamp({ epoch: 2, version: 1 })
  expect(one.nextOrder).toEqual({ epoch: 2, version: 2 })
  expect(moves).toEqual(['1.5', '1.6', '2.1'])
})
