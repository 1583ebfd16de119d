/** P3: any one replica may die or freeze, then all but one; a balancer's one retry hides it. */
import { pause } from '../parts/pause.ts'
import { scene, through } from '../parts/scene.ts'
import { atMost, quietly, some } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

export const replicasLost: Promised = {
  id: 'P3',
  says: 'Losing any one replica, or all but one, fails no evaluation',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const rate = torture.scaled(3_000, 150)
    const lasts = torture.scaled(20_000, 700)
    const stage = await scene(torture, { name: 'p3' })
    const { checker, relays, balancer } = stage
    const driver = stage.driver({ rate })
    const quiet = stage.publishing(1_500)
    driver.start()
    await through(torture, 'all three', lasts)
    let slowest = 0
    for (const down of some(torture, [[0], [1], [2], [0, 1], [1, 2]], 2)) {
      for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
        const chosen = relays.filter((_, index) => down.includes(index))
        for (const [index, relay] of chosen.entries()) {
          if (signal === 'SIGSTOP') relay.signal(signal)
          else {
            await relay.end(signal)
            checker.killed(String(down[index]))
          }
          // The balancer tries once more: a request must not meet two that fall ill within its patience.
          await pause(1_200)
        }
        await through(torture, `${signal} of ${down.join(' and ')}`, lasts)
        for (const relay of chosen) {
          if (signal === 'SIGSTOP') relay.signal('SIGCONT')
          else {
            const began = performance.now()
            await relay.start()
            slowest = Math.max(slowest, performance.now() - began)
          }
        }
        await pause(600)
      }
    }
    quiet()
    const converged = await stage.converged(20_000)
    await driver.stop()
    const direct = await straight(torture)
    for (const example of checker.examples) torture.say(example)
    torture.say(`${balancer.counts.retried} retried by the balancer, ${balancer.counts.failed} in vain`)
    return [
      ...checker.figures(),
      atMost('lost without a retry, per open connection', direct, 1),
      atMost('all serve the newest', converged, 20_000, 'ms'),
      quietly(atMost('restart until ready', slowest, 1_000, 'ms')),
    ]
  },
}

/** Clients without a balancer: the requests lost with a killed replica, per connection that was open. */
async function straight(torture: Torture): Promise<number> {
  const stage = await scene(torture, { name: 'p3-direct', replicas: 1, redis: false })
  const [relay] = stage.relays
  const connections = 16
  const driver = stage.driver({ rate: torture.scaled(2_000, 200), direct: true, connections })
  driver.start()
  await pause(700)
  await relay?.end('SIGKILL')
  const lost = stage.checker.of('lost')
  await driver.stop()
  // Those that came after the kill met a refused connection, which is not what is counted here.
  return lost / connections
}
