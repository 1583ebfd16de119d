/** P8: through any faults in any order, no replica answers from a document older than one it has answered from. */
import { AILMENTS } from '../parts/document-server.ts'
import { pause } from '../parts/pause.ts'
import { redisFaults } from '../parts/redis-faults.ts'
import type { Fault } from '../parts/redis-faults.ts'
import { scene } from '../parts/scene.ts'
import type { Scene } from '../parts/scene.ts'
import { atLeast, exactly, quietly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

export const neverOlder: Promised = {
  id: 'P8',
  says: 'A replica never serves a version older than one it already served',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    // Rate and duration shrink both.
    const answers = torture.scaled(10_000_000 * torture.scale, 2_500)
    const stage = await scene(torture, { name: 'p8', filler: 5 })
    const { checker } = stage
    const driver = stage.driver({ rate: torture.scaled(6_000, 300) })
    const quiet = stage.publishing(700)
    driver.start()
    while (checker.answers < answers) {
      const fault = chosen(torture, stage)
      torture.say(`${checker.answers} answers, ${checker.newest} documents; ${fault.name}`)
      await fault.strike(stage)
      await pause(300 + torture.random.below(2_500))
      await fault.heal(stage)
      await pause(200 + torture.random.below(1_500))
    }
    quiet()
    const converged = await stage.converged(60_000)
    await driver.stop()
    for (const example of checker.examples) torture.say(example)
    return [
      exactly('older answers', checker.regressions, 0),
      exactly('wrong, torn or mislabelled answers', checker.of('value', 'revision', 'not-modified'), 0),
      exactly('replicas behind at the end', Number.isNaN(converged) ? 1 : 0, 0),
      atLeast('documents seen', checker.newest, 3),
      quietly(atLeast('answers', checker.answers, 10_000_000)),
    ]
  },
}

/** Any fault of any part: Redis, the vendor, a replica, a link. */
function chosen({ random }: Torture, stage: Scene): Fault {
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
