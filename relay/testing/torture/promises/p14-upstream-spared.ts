/** P14: however many replicas, however the vendor flaps, it is asked once per interval; attempts keep their schedule. */
import { FakeTimers } from '../../../upstream/fake-timers.ts'
import { Supervisor } from '../../../upstream/supervisor.ts'
import { UpstreamError } from '../../../upstream/upstream-error.ts'
import { leadersOf } from '../parts/leaders.ts'
import { pause, until } from '../parts/pause.ts'
import { scene } from '../parts/scene.ts'
import type { Scene } from '../parts/scene.ts'
import { atLeast, atMost, exactly, quietly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

const LEASE_S = 3

export const upstreamSpared: Promised = {
  id: 'P14',
  says: 'The upstream is never stormed',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const { outside, mean } = await scheduled(torture)
    const replicas = torture.scaled(10, 4)
    const stage = await scene(torture, { name: 'p14', replicas, relay: { lease: `${LEASE_S}s` } })
    const { upstream } = stage
    // Whoever starts first leads; the others have learned of it by now.
    await pause(3_000)
    const lasts = torture.scaled(300_000, 6_000)
    const began = performance.now()
    const from = upstream.asked.length
    while (performance.now() - began < lasts) {
      await upstream.fall(torture.random.pick(['hang', 'reset', 'garbage', 500, 503] as const))
      await pause(300 + torture.random.below(2_000))
      await upstream.heal()
      upstream.publish()
      await pause(300 + torture.random.below(3_000))
    }
    const intervals = (performance.now() - began) / 1_000
    const asked = upstream.asked.length - from
    torture.say(`${asked} requests in ${intervals.toFixed(0)} intervals, ${replicas} replicas`)
    const takeover = await succession(torture, stage)
    const converged = await stage.converged(60_000)
    return [
      exactly('waits outside the published schedule', outside, 0),
      // Full jitter: a wait is anything below its ceiling, so half of it on the average.
      atLeast('mean wait, of its ceiling', mean, 0.4),
      atMost('mean wait, of its ceiling', mean, 0.65),
      // Intervals vary by a tenth; one request more for the moment between.
      atMost('requests per interval', (asked - 1) / (intervals / 0.9), 1),
      quietly(atMost('until another leads after the leader was killed', takeover / 1_000, LEASE_S, 's')),
      exactly('replicas behind at the end', Number.isNaN(converged) ? 1 : 0, 0),
    ]
  },
}

/** Ten minutes of failures in fake time, many times over: waits that the published schedule does not allow. */
async function scheduled(torture: Torture): Promise<{ outside: number; mean: number }> {
  let outside = 0
  let shares = 0
  let waits = 0
  const runs = torture.scaled(1_000, 30)
  for (let run = 0; run < runs; run += 1) {
    const timers = new FakeTimers({ seed: torture.random.below(2 ** 31) })
    const slow = torture.random.chance(0.5)
    const attempts: number[] = []
    const supervisor = new Supervisor({
      timers,
      interval: 1_000,
      jitter: 0.1,
      floor: 1_000,
      attempt: () => {
        attempts.push(timers.monotonic())
        return Promise.reject(new UpstreamError(slow ? 'unauthorized' : 'network', 'not today'))
      },
    })
    supervisor.start({ document: () => undefined, unchanged: () => undefined, failed: () => undefined })
    await timers.advance(600_000)
    await supervisor.stop()
    // As published: doubling ceilings from 1 s to 60 s, or from 5 s to 300 s.
    const [base, cap, floor] = slow ? [5_000, 300_000, 1_000] : [1_000, 60_000, 100]
    for (let index = 1; index < attempts.length; index += 1) {
      const wait = (attempts[index] ?? 0) - (attempts[index - 1] ?? 0)
      const ceiling = Math.min(cap, base * 2 ** (index - 1))
      shares += wait / ceiling
      waits += 1
      if (wait < floor || wait > Math.max(ceiling, 1_000)) outside += 1
    }
    if (timers.pending > 0 || attempts.length < 3) outside += 1
  }
  return { outside, mean: shares / waits }
}

/** Kills the leader, several times; the longest time until another one leads. */
async function succession(torture: Torture, { relays }: Scene): Promise<number> {
  let longest = 0
  for (let round = torture.scaled(10, 1); round > 0; round -= 1) {
    await until(async () => (await leadersOf(relays)).length === 1, 20_000)
    const [leader] = await leadersOf(relays)
    await leader?.end('SIGKILL')
    const others = relays.filter((relay) => relay !== leader)
    longest = Math.max(longest, await until(async () => (await leadersOf(others)).length > 0, 30_000))
    await leader?.start()
  }
  torture.say(`the longest time without a leader: ${Math.round(longest)} ms`)
  return longest
}
