/** P13: a replica dies with all its streams; the others take the clients in without letting anybody wait. */
import { pause, until } from '../parts/pause.ts'
import { scene } from '../parts/scene.ts'
import { atMost, exactly, quietly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

export const reconnectStorm: Promised = {
  id: 'P13',
  says: 'A reconnect storm is absorbed',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const count = torture.scaled(10_000, 200)
    const stage = await scene(torture, { name: 'p13' })
    const { checker, relays, upstream } = stage
    const [first, ...survivors] = relays
    // Every fifth ignores when the relay asked it to come back.
    const swarm = stage.swarm({ together: true, impatient: (index) => index % 5 === 0 })
    if (Number.isNaN(await swarm.grow(count, 1_500, 60_000))) throw new Error('not all streams opened')
    const targets = survivors.map(({ port }, index) => ({ port, name: String(index + 1) }))
    const driver = stage.driver({ rate: torture.scaled(500, 100), targets, connections: 32 })
    driver.start()
    await pause(2_000)
    const before = driver.phase()
    await first?.end('SIGKILL')
    const peaks = survivors.map(({ resident }) => resident)
    const watch = setInterval(() => {
      for (const [index, relay] of survivors.entries()) peaks[index] = Math.max(peaks[index] ?? 0, relay.resident)
    }, 250)
    torture.defer(() => clearInterval(watch))
    await pause(20)
    const back = await until(() => swarm.open === count, 60_000)
    const during = driver.phase()
    const n = upstream.publish()
    await until(() => swarm.at(n) === count, 15_000)
    await driver.stop()
    for (const example of [...checker.examples, ...swarm.examples]) torture.say(example)
    torture.say(`p99 ${Math.round(before)} ms before, ${Math.round(during)} ms during`)
    return [
      atMost('asked to come back in the same 100 ms', crowding(swarm.clients.map(({ retryMs }) => retryMs)), 0.1),
      ...checker.figures(),
      quietly(atMost('all back after', back / 1_000, 45, 's')),
      exactly('streams without the newest version', count - swarm.at(n), 0),
      exactly('wrong states', swarm.counts.wrong, 0),
      exactly('silent regressions', swarm.counts.regressions, 0),
      atMost('peak resident of a survivor', Math.max(...peaks) / 1_048_576, 500, 'MB'),
      quietly(atMost('evaluation p99 meanwhile', during, 100, 'ms')),
    ]
  },
}

/** The share of the waits that fall into the fullest tenth of a second. */
function crowding(waits: readonly number[]): number {
  const crowds = new Map<number, number>()
  for (const wait of waits) crowds.set(Math.floor(wait / 100), (crowds.get(Math.floor(wait / 100)) ?? 0) + 1)
  return Math.max(...crowds.values()) / waits.length
}
