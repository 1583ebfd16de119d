/** P8: through any faults in any order, no replica answers from a document older than one it has answered from. */
import { pause } from '../parts/pause.ts'
import { randomFault } from '../parts/random-fault.ts'
import { scene } from '../parts/scene.ts'
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
    while (checker.answers < answers && stage.relays.every(({ alive }) => alive)) {
      const fault = randomFault(torture, stage)
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
      exactly('older answers', checker.of('regression'), 0),
      exactly('wrong, torn or mislabelled answers', checker.of('value', 'revision', 'not-modified'), 0),
      exactly('replicas that ended by themselves', stage.relays.filter(({ alive }) => !alive).length, 0),
      exactly('replicas behind at the end', Number.isNaN(converged) ? 1 : 0, 0),
      atLeast('documents seen', checker.newest, 3),
      quietly(atLeast('answers', checker.answers, 10_000_000)),
    ]
  },
}
