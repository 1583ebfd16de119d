/** P5: with upstream and Redis both gone, a relay that starts serves what it served last. */
import { ask } from '../parts/ask.ts'
import { pause, until } from '../parts/pause.ts'
import { scene } from '../parts/scene.ts'
import { atMost, exactly, quietly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'
import { readdirSync } from 'node:fs'

const PERSON = { targetingKey: 'u1', plan: 'pro' } as const

export const coldStart: Promised = {
  id: 'P5',
  says: 'A cold start with upstream and Redis down serves the last known good from disk',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const small = await measure(torture, 1_000)
    const large = await measure(torture, torture.scaled(20_000, 2_000))
    return [
      exactly('wrong or missing answers', small.wrong + large.wrong, 0),
      quietly(atMost('first answer with 1,000 flags', small.took, 750, 'ms')),
      quietly(atMost('first answer with 20,000 flags', large.took, 1_500, 'ms')),
    ]
  },
}

async function measure(torture: Torture, filler: number): Promise<{ wrong: number; took: number }> {
  const stage = await scene(torture, { name: `p5-${filler}`, replicas: 1, filler })
  const [relay] = stage.relays
  if (relay === undefined) throw new Error('no relay')
  stage.upstream.publish()
  await stage.converged(10_000)
  const saved = await until(
    () => readdirSync(relay.storeFolder, { recursive: true }).some((name) => String(name).endsWith('0002.generation')),
    5_000,
  )
  torture.say(`saved after ${Math.round(saved)} ms: ${readdirSync(relay.storeFolder, { recursive: true }).join(' ')}`)
  await relay.end('SIGKILL')
  await stage.upstream.fall('refuse')
  await stage.redis?.kill('SIGKILL')
  const rounds = torture.scaled(10, 2)
  const times: number[] = []
  let wrong = 0
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now()
    relay.spawn()
    const took = await until(async () => (await ask(relay.port, '/plan', PERSON))?.status === 200, 15_000, 5)
    times.push(Number.isNaN(took) ? took : performance.now() - began)
    const answer = await ask(relay.port, '/plan', PERSON)
    if (answer?.text.includes(`"pro-${stage.upstream.n}"`) !== true) {
      wrong += 1
      torture.say(`document ${stage.upstream.n} is wanted, the answer is ${answer?.status} ${answer?.text}`)
    }
    await relay.end('SIGKILL')
    await pause(50)
  }
  torture.say(`${filler} flags: ${times.map((each) => Math.round(each)).join(', ')} ms`)
  // The middle of several starts; a missing one is NaN and stays so.
  const median = times.some(Number.isNaN) ? Number.NaN : times.sort((a, b) => a - b)[Math.floor(times.length / 2)]
  return { wrong, took: median ?? Number.NaN }
}
