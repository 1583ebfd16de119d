/** P1: Redis may die, hang, lie, fill up or crawl; nobody who asks for a flag notices. */
import { atLeast, atMost, exactly, quietly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'
import { redisFaults, redisHolds } from '../parts/redis-faults.ts'
import { scene, through } from '../parts/scene.ts'
import { until } from '../parts/pause.ts'

export const redisLost: Promised = {
  id: 'P1',
  says: 'Losing Redis in any way fails no evaluation',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const rate = torture.scaled(3_000, 150)
    const lasts = torture.scaled(60_000, 700)
    const stage = await scene(torture, { name: 'p1' })
    const { checker } = stage
    const driver = stage.driver({ rate })
    const quiet = stage.publishing(1_500)
    driver.start()
    await through(torture, 'no fault', lasts)
    const before = driver.phase()
    let worst = -Infinity
    for (const fault of redisFaults) {
      await fault.strike(stage)
      await through(torture, fault.name, lasts)
      await fault.heal(stage)
      worst = Math.max(worst, driver.phase() - before)
    }
    quiet()
    const refilled = await until(async () => await redisHolds(stage), 10_000)
    const converged = await stage.converged(10_000)
    await driver.stop()
    for (const example of checker.examples) torture.say(example)
    return [
      ...checker.figures(),
      exactly('replicas that ended', stage.relays.filter(({ alive, starts }) => !alive || starts > 1).length, 0),
      atMost('Redis refilled', refilled, 10_000, 'ms'),
      atMost('all serve the newest', converged, 10_000, 'ms'),
      quietly(atLeast('evaluations per fault', Math.floor(checker.answers / (redisFaults.length + 1)), 180_000)),
      quietly(atMost('p99 more than without', worst, 5, 'ms')),
    ]
  },
}
