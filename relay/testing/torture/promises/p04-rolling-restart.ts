/** P4: replicas are restarted one after the other, again and again; no request fails and no stream misses the end state. */
import { pause, until } from '../parts/pause.ts'
import { scene } from '../parts/scene.ts'
import { atMost, exactly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

export const rollingRestart: Promised = {
  id: 'P4',
  says: 'A rolling restart drops nothing',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const streams = torture.scaled(3_000, 100)
    const stage = await scene(torture, {
      name: 'p4',
      // Clients shall come back soon, so that rounds need not wait for them for long.
      relay: { settings: { drain: { window: '1s', grace: '5s' }, streams: { retryLeast: '500ms', retryMost: '2s' } } },
    })
    const { balancer, checker, relays, upstream } = stage
    const swarm = stage.swarm()
    if (Number.isNaN(await swarm.grow(streams, 1_000, 60_000))) throw new Error('not all streams opened')
    const driver = stage.driver({ rate: torture.scaled(3_000, 150) })
    driver.start()
    let slowest = 0
    let codes = 0
    let missed = 0
    const rounds = torture.scaled(10, 1)
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, relay] of relays.entries()) {
        upstream.publish()
        const began = performance.now()
        const code = await relay.end('SIGTERM')
        slowest = Math.max(slowest, performance.now() - began)
        if (code !== 0) codes += 1
        torture.say(`round ${round + 1}: replica ${index} ended with ${code}, ${swarm.open} streams open`)
        upstream.publish()
        await relay.start()
        // Balancers need a moment to notice that it is back before the next one leaves.
        await pause(700)
      }
      const n = upstream.publish()
      await until(() => swarm.at(n) === streams, 15_000)
      missed += streams - swarm.at(n)
    }
    await driver.stop()
    for (const example of [...checker.examples, ...swarm.examples]) torture.say(example)
    return [
      ...checker.figures(),
      // A balancer that is told in time need not try anything twice.
      exactly('requests refused or cut off', balancer.counts.retried - balancer.counts.slow, 0),
      exactly('streams without the final version', missed, 0),
      exactly('wrong states', swarm.counts.wrong, 0),
      exactly('silent regressions of a stream', swarm.counts.regressions, 0),
      exactly('exit codes other than 0', codes, 0),
      atMost('slowest exit', slowest / 1_000, 20, 's'),
    ]
  },
}
