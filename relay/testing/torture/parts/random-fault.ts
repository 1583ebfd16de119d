/** Any fault of any part: Redis, the vendor, a replica, a link. For promises that hold through whatever happens. */
import type { Torture } from '../promise.ts'
import { AILMENTS } from './document-server.ts'
import { redisFaults } from './redis-faults.ts'
import type { Fault } from './redis-faults.ts'
import type { Scene } from './scene.ts'

/** Strike, wait, heal; every choice comes from the seed. */
export function randomFault({ random }: Torture, stage: Scene): Fault {
  const kind = random.pick(['redis', 'upstream', 'replica', 'link'] as const)
  if (kind === 'redis') return random.pick(redisFaults)
  if (kind === 'upstream') {
    const ailment = random.pick(AILMENTS)
    return {
      name: `the upstream: ${ailment}`,
      strike: ({ upstream }) => upstream.fall(ailment),
      heal: ({ upstream }) => upstream.heal(),
    }
  }
  if (kind === 'link') {
    const ms = random.below(400)
    return {
      name: `${ms} ms more to the upstream, in slices`,
      strike: ({ upstreamLink }) =>
        upstreamLink.poison([
          { kind: 'latency', ms, jitterMs: ms },
          { kind: 'slicer', bytes: 97, delayMs: 1 },
        ]),
      heal: ({ upstreamLink }) => upstreamLink.heal(),
    }
  }
  const index = random.below(stage.relays.length)
  const relay = stage.relays[index]
  if (random.chance(0.5)) {
    return {
      name: `replica ${index} freezes`,
      strike: () => relay?.signal('SIGSTOP'),
      heal: () => relay?.signal('SIGCONT'),
    }
  }
  return {
    name: `replica ${index} is killed`,
    strike: async ({ checker }) => {
      await relay?.end('SIGKILL')
      checker.killed(String(index))
    },
    heal: () => relay?.start(),
  }
}
