/** P9: a client that moves between replicas, and says what it has seen, is never silently taken back. */
import { pause } from '../parts/pause.ts'
import { scene } from '../parts/scene.ts'
import { atLeast, exactly, quietly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

export const movingClients: Promised = {
  id: 'P9',
  says: 'A client that moves between replicas does not go back, if it says what it has seen',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const hops = torture.scaled(1_000_000 * torture.scale, 1_500)
    const stage = await scene(torture, {
      name: 'p9',
      relay: { settings: { streams: { retryLeast: '100ms', retryMost: '200ms' } } },
    })
    const { random } = torture
    const crowd = 200
    const swarm = stage.swarm({ impatient: () => true })
    if (Number.isNaN(await swarm.grow(crowd, 500, 30_000))) throw new Error('not all streams opened')
    const quiet = stage.publishing(600)
    let next = 0
    while (swarm.counts.ended < hops && stage.relays.every(({ alive }) => alive)) {
      if (performance.now() > next) {
        // One replica at a time hears late of what the others know, or not at all.
        for (const link of stage.redisLinks) link.heal()
        const kind = random.pick(['latency', 'none', 'blackhole'] as const)
        const link = random.pick(stage.redisLinks)
        if (kind === 'latency') link.poison([{ kind, ms: 100 + random.below(600) }])
        else if (kind === 'blackhole') link.poison([{ kind }])
        next = performance.now() + 1_500 + random.below(3_000)
      }
      for (let move = 0; move < 10; move += 1) {
        const { socket } = random.pick(swarm.clients)
        // Some leave, others vanish.
        if (random.chance(0.5)) socket?.destroy()
        else socket?.resetAndDestroy()
      }
      await pause(20)
    }
    quiet()
    for (const link of stage.redisLinks) link.heal()
    const converged = await stage.converged(30_000)
    for (const example of swarm.examples) torture.say(example)
    return [
      exactly('silent regressions', swarm.counts.regressions, 0),
      exactly('wrong states', swarm.counts.wrong, 0),
      exactly('replicas that ended', stage.relays.filter(({ alive }) => !alive).length, 0),
      exactly('replicas behind at the end', Number.isNaN(converged) ? 1 : 0, 0),
      atLeast('hops that resumed', swarm.counts.resumed, 1),
      quietly(atLeast('hops', swarm.counts.ended, 1_000_000)),
    ]
  },
}
