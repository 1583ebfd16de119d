/** The pointer that never goes back. */
import { compile } from '@halyard/engine'
import { expect, it } from 'vitest'
import { Served } from './served.ts'
import { flagd } from './testing/replicas.ts'

function rig(before?: { epoch: number; version: number }): { served: Served; swap: (order: string) => string } {
  const nothing = (): void => undefined
  const told = { swapped: nothing, storeFailed: nothing, listenerFailed: nothing }
  const parts = { name: 'shop', dialect: 'flagd', stores: [], timers: { now: () => 1 }, peers: undefined, ...told }
  const served = new Served({ ...parts, before: before && (() => before) })
  const swap = (order: string): string => {
    const [epoch = 0, version = 0] = order.split('.').map(Number)
    const bytes = new TextEncoder().encode(flagd(`f${order}`))
    const compiled = compile({ dialect: 'flagd', document: bytes })
    try {
      served.swap({ epoch, version, bytes, sha256: order, receivedAt: 1, loadedFrom: 'redis' }, compiled)
    } catch (error) {
      return String(error)
    }
    return `${served.snapshot?.epoch}.${served.snapshot?.version}`
  }
  return { served, swap }
}

it('moves forward by epoch and version, and refuses everything else whoever asks', () => {
  const { served, swap } = rig()
  expect(['1.3', '1.4', '2.1'].map(swap)).toEqual(['1.3', '1.4', '2.1'])
  for (const order of ['2.1', '2.0', '1.99', '0.0']) expect(swap(order)).toContain('not newer than what is served')
  served.restamp({ epoch: 1, version: 50 })
  expect(served.snapshot).toMatchObject({ epoch: 2, version: 1 })
  served.restamp({ epoch: 2, version: 5 })
  expect(served.snapshot).toMatchObject({ epoch: 2, version: 5 })
  expect(served.nextOrder).toEqual({ epoch: 2, version: 6 })
})

it('takes up the order of what it takes the place of, whose own document it may serve too', () => {
  expect(rig({ epoch: 3, version: 9 }).served.nextOrder).toEqual({ epoch: 3, version: 10 })
  expect(rig({ epoch: 3, version: 9 }).swap('3.9')).toBe('3.9')
  expect(rig({ epoch: 3, version: 9 }).swap('3.8')).toContain('not newer')
})
