/** P10: a change reaches every stream, soon, and every stream ends up with exactly the new answers. */
import { pause, until } from '../parts/pause.ts'
import { scene } from '../parts/scene.ts'
import { atMost, exactly, quietly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

export const propagation: Promised = {
  id: 'P10',
  says: 'A change reaches every stream fast',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const count = torture.scaled(10_000, 200)
    const stage = await scene(torture, { name: 'p10', replicas: 1, redis: false, bulky: 600 })
    const { upstream } = stage
    const swarm = stage.swarm({ lazy: true })
    if (Number.isNaN(await swarm.grow(count, 1_500, 60_000))) throw new Error(`${count - swarm.open} streams missing`)
    const rounds = torture.scaled(20, 4)
    const times: number[] = []
    let missing = 0
    for (let round = 0; round < rounds; round += 1) {
      await pause(500 + torture.random.below(500))
      const n = upstream.publish()
      await until(() => swarm.at(n) === count, 15_000, 100)
      missing += count - swarm.at(n)
      const from = upstream.delivered.get(n) ?? Number.NaN
      times.push(...swarm.clients.map(({ at }) => at - from))
    }
    times.sort((a, b) => a - b)
    for (const example of swarm.examples) torture.say(example)
    return [
      exactly('clients that missed a change', missing, 0),
      exactly('wrong states', swarm.counts.wrong, 0),
      exactly('streams that ended', swarm.counts.ended, 0),
      quietly(atMost('p99 until told', times[Math.floor(times.length * 0.99)] ?? Number.NaN, 250, 'ms')),
      quietly(atMost('last one told', times.at(-1) ?? Number.NaN, 2_000, 'ms')),
    ]
  },
}
