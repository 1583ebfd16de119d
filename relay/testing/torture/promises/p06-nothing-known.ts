/** P6: a relay that knows nothing says so at once, and heals by itself. */
import { ask } from '../parts/ask.ts'
import { pause, until } from '../parts/pause.ts'
import { scene } from '../parts/scene.ts'
import { atMost, exactly, quietly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

const PERSON = { targetingKey: 'u1', plan: 'free' } as const

export const nothingKnown: Promised = {
  id: 'P6',
  says: 'A cold start with nothing known says so, and recovers without a restart',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const stage = await scene(torture, { name: 'p6', replicas: 1, started: false })
    const [relay] = stage.relays
    if (relay === undefined) throw new Error('no relay')
    await stage.upstream.fall('refuse')
    await stage.redis?.kill('SIGKILL')
    relay.spawn()
    const listening = await until(async () => (await relay.managed('/healthz'))?.status === 200, 20_000)
    let wrong = 0
    const times: number[] = []
    for (let round = 0; round < 20; round += 1) {
      const ready = await relay.managed('/readyz')
      if (ready?.status !== 503) wrong += 1
      for (const path of ['', '/marker']) {
        const answer = await ask(relay.port, path, PERSON)
        if (answer?.status !== 503 || answer.headers.get('retry-after') === null) wrong += 1
        times.push(answer?.took ?? Number.NaN)
      }
      await pause(20)
    }
    await stage.upstream.heal()
    const recovered = await until(async () => (await ask(relay.port, '/marker', PERSON))?.status === 200, 15_000)
    return [
      quietly(atMost('listening', listening, 1_000, 'ms')),
      exactly('answers other than 503 with Retry-After', wrong, 0),
      // The median: one of forty fetches of a busy machine is no relay's slowness.
      quietly(atMost('time of such an answer', times.sort((a, b) => a - b)[20] ?? Number.NaN, 10, 'ms')),
      quietly(atMost('back after the upstream', recovered, 2_000, 'ms')),
      exactly('restarts', relay.starts - 1, 0),
    ]
  },
}
