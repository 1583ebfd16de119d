/** P12: clients that stop reading cost a bounded amount, are shown the door, and slow nobody else. */
import { pause, until } from '../parts/pause.ts'
import type { RelayProcess } from '../parts/relay-process.ts'
import { scene } from '../parts/scene.ts'
import { atLeast, atMost, exactly, quietly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

const SLOW_AFTER_S = 30

export const slowReaders: Promised = {
  id: 'P12',
  says: 'Slow or dead readers cost a bounded amount',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const count = torture.scaled(2_000, 120)
    const slow = Math.round(count / 4)
    // The published 30 s, or as much less as the run is shorter.
    const patience = Math.max(3, Math.round(SLOW_AFTER_S * Math.min(1, torture.scale * 2)))
    const stage = await scene(torture, {
      name: 'p12',
      replicas: 1,
      redis: false,
      // A short run fills the system's own buffers with fewer, larger frames.
      bulky: torture.scale < 1 ? 200_000 : 60_000,
      relay: { settings: { streams: { slowAfter: `${patience}s` } } },
    })
    const { upstream } = stage
    const [relay] = stage.relays
    if (relay === undefined) throw new Error('no relay')
    const swarm = stage.swarm()
    if (Number.isNaN(await swarm.grow(count, 400, 60_000))) throw new Error('not all streams opened')
    const honest = swarm.clients.slice(slow)
    const lag = async (rounds: number): Promise<number> => {
      const times: number[] = []
      for (let round = 0; round < rounds; round += 1) {
        const n = upstream.publish()
        await until(() => honest.every((client) => client.n === n), 10_000, 5)
        const from = upstream.delivered.get(n) ?? Number.NaN
        times.push(...honest.map(({ at }) => at - from))
      }
      return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN
    }
    const rounds = torture.scaled(100, 3)
    const before = await lag(rounds)
    const resident = relay.resident
    for (const { socket } of swarm.clients.slice(0, slow)) socket?.pause()
    let most = resident
    const watch = setInterval(() => (most = Math.max(most, relay.resident)), 250)
    torture.defer(() => clearInterval(watch))
    const cutting = watchCutting(relay, slow)
    const during = await lag(rounds * 2)
    // A socket that takes nothing fills its buffers first: the system's hold several of these frames.
    const changes = torture.scaled(300, 60)
    for (let change = 0; Number.isNaN(cutting.goneAt) && change < changes; change += 1) {
      upstream.publish()
      await pause(1_000)
    }
    cutting.stop()
    const { told } = cutting
    const gone = (cutting.goneAt - cutting.stuckAt) / 1_000
    for (const example of swarm.examples) torture.say(example)
    torture.say(`p99 ${Math.round(before)} ms before, ${Math.round(during)} ms during`)
    return [
      atLeast('slow clients cut', told, slow),
      quietly(atMost('from half stuck to all cut', gone, patience + 10, 's')),
      exactly('honest clients with a wrong state', swarm.counts.wrong, 0),
      exactly('honest clients that were cut', honest.filter(({ connects }) => connects > 1).length, 0),
      atMost('resident more than before', (most - resident) / 1_048_576, 100, 'MB'),
      quietly(atMost('p99 of the others, of that before', during / before, 1.1)),
    ]
  },
}

interface Cutting {
  /** Streams that were cut for not reading. */
  told: number
  /** When half of the slow ones were stuck, and when all were cut; NaN before. */
  stuckAt: number
  goneAt: number
  readonly stop: () => void
}

/** Watches the relay's own numbers until all slow streams are cut. */
function watchCutting(relay: RelayProcess, slow: number): Cutting {
  const look = async (): Promise<void> => {
    const behind = await relay.metric('halyard_streams_behind')
    cutting.told = await relay.metric('halyard_streams_closed_total', '"slow"')
    // Honest ones are behind too, for a moment: only what stays counts.
    if (cutting.told < slow / 2) {
      if (behind + cutting.told < slow / 2) cutting.stuckAt = Number.NaN
      else if (Number.isNaN(cutting.stuckAt)) cutting.stuckAt = performance.now()
    }
    if (Number.isNaN(cutting.goneAt) && cutting.told >= slow) cutting.goneAt = performance.now()
  }
  const timer = setInterval(() => void look(), 100)
  const cutting: Cutting = { told: 0, stuckAt: Number.NaN, goneAt: Number.NaN, stop: () => clearInterval(timer) }
  return cutting
}
