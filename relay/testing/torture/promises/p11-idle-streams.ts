/** P11: an idle stream costs a few kilobytes, and one process holds fifteen thousand. */
import { pause } from '../parts/pause.ts'
import { scene } from '../parts/scene.ts'
import { atMost, exactly, quietly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

export const idleStreams: Promised = {
  id: 'P11',
  says: 'An idle stream costs at most 5 KB, and 15,000 fit one process',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const count = torture.scaled(15_000, 1_000)
    const stage = await scene(torture, { name: 'p11', replicas: 1, redis: false })
    const [relay] = stage.relays
    if (relay === undefined) throw new Error('no relay')
    // What the first streams make the process load and compile is no client's cost.
    const warm = stage.swarm()
    await warm.grow(200, 1_000, 20_000)
    warm.stop()
    await pause(2_000)
    const before = relay.resident
    const swarm = stage.swarm()
    const opened = await swarm.grow(count, 1_500, 60_000)
    await pause(3_000)
    const after = relay.resident
    torture.say(`${swarm.open} open after ${Math.round(opened)} ms, ${Math.round(after / 1e6)} MB`)
    for (const example of swarm.examples) torture.say(example)
    torture.say(JSON.stringify(swarm.counts))
    return [
      exactly('streams refused or lost', count - swarm.open + swarm.counts.refused, 0),
      exactly('wrong states', swarm.counts.wrong, 0),
      // At a small scale the heap's own steps are larger than all clients together.
      quietly(atMost('resident per client', (after - before) / count / 1_024, 5, 'KB')),
      atMost('resident in all', after / 1_048_576, 350, 'MB'),
    ]
  },
}
