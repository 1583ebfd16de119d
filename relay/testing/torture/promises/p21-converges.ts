/** P21: after any faults in any order, soon after all is well again, everybody serves the newest document. */
import { RefreshedEnvironment } from '../../../environment/refresh.ts'
import { ScriptedStore } from '../../../environment/testing/scripted.ts'
import { randomFrom } from '../../../serve/testing/random.ts'
import type { Source } from '../../../upstream/source.ts'
import { FakeTimers } from '../../../upstream/fake-timers.ts'
import { Supervisor } from '../../../upstream/supervisor.ts'
import type { AttemptResult } from '../../../upstream/supervisor.ts'
import { UpstreamError } from '../../../upstream/upstream-error.ts'
import { documentOf } from '../parts/documents.ts'
import { pause } from '../parts/pause.ts'
import { randomFault } from '../parts/random-fault.ts'
import { scene } from '../parts/scene.ts'
import { atMost, exactly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

const HEALTHY_MS = 60_000

export const converges: Promised = {
  id: 'P21',
  says: 'Converges after any fault',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const schedules = torture.scaled(1_000, 100)
    let lost = 0
    for (let run = 0; run < schedules; run += 1) if (!(await inFakeTime(torture.random.below(2 ** 31)))) lost += 1
    const stage = await scene(torture, { name: 'p21', filler: 5 })
    const { checker, upstream } = stage
    const driver = stage.driver({ rate: 100 })
    driver.start()
    const rounds = torture.scaled(50, 1)
    let slowest = 0
    for (let round = 0; round < rounds; round += 1) {
      const faults = 5 + torture.random.below(torture.scaled(16, 3))
      for (let struck = 0; struck < faults; struck += 1) {
        const fault = randomFault(torture, stage)
        torture.say(`round ${round + 1}: ${fault.name}`)
        upstream.publish()
        await fault.strike(stage)
        await pause(torture.random.below(1_500))
        upstream.publish()
        await fault.heal(stage)
      }
      upstream.publish()
      slowest = Math.max(slowest, await stage.converged(HEALTHY_MS))
    }
    await driver.stop()
    for (const example of checker.examples) torture.say(example)
    return [
      exactly('schedules in fake time that did not converge', lost, 0),
      atMost('slowest of the real ones', slowest, HEALTHY_MS, 'ms'),
      exactly('older answers', checker.of('regression'), 0),
      exactly('wrong, torn or mislabelled answers', checker.of('value', 'revision', 'not-modified'), 0),
    ]
  },
}

/** Minutes of a vendor that fails, lies and steps back; whether the environment serves the truth a minute later. */
async function inFakeTime(seed: number): Promise<boolean> {
  const random = randomFrom(seed)
  const timers = new FakeTimers({ seed })
  let n = 1
  let ill: 'none' | 'fails' | 'blank' | 'garbage' | 'slow' = 'none'
  const attempt = async (): Promise<AttemptResult> => {
    if (ill === 'fails') throw new UpstreamError(random.pick(['network', 'unauthorized']), 'not today')
    if (ill === 'slow') await new Promise<void>((resolve) => void timers.setTimeout(resolve, random.below(20_000)))
    const text = ill === 'blank' ? '{"flags":{}}' : ill === 'garbage' ? '<html>' : documentOf(n)
    return { document: { bytes: new TextEncoder().encode(text), receivedAt: timers.now(), origin: 'test' } }
  }
  const connect = (): Source => {
    const backoff = { slowCap: HEALTHY_MS / 2, cap: HEALTHY_MS / 2 }
    return supervised(new Supervisor({ timers, attempt, interval: 5_000, jitter: 0.1, floor: 1_000, backoff }))
  }
  const store = new ScriptedStore('disk')
  const quiet = (): void => undefined
  const environment = new RefreshedEnvironment({
    name: 'shop',
    vendor: 'flagd',
    dialect: 'flagd',
    options: {},
    connect,
    stores: [store],
    plausibility: { maxShrink: 0.5, maxGrowth: 4, confirmations: 1_000, confirmAfterMs: 3_600_000 },
    staleAfterMs: 60_000,
    timers,
    events: {
      swapped: quiet,
      quarantined: quiet,
      rejected: quiet,
      upstreamFailed: quiet,
      storeFailed: quiet,
      listenerFailed: quiet,
    },
  })
  const started = environment.start()
  await timers.advance(1_000)
  await started
  const faults = 5 + random.below(16)
  for (let fault = 0; fault < faults; fault += 1) {
    ill = random.pick(['none', 'fails', 'blank', 'garbage', 'slow'] as const)
    store.down = random.chance(0.5)
    if (random.chance(0.6)) n += 1
    if (random.chance(0.1)) timers.jump(random.pick([-86_400_000, 86_400_000]))
    await timers.advance(random.below(90_000))
  }
  ill = 'none'
  n += 1
  await timers.advance(HEALTHY_MS)
  const snapshot = environment.snapshot()
  const marker = snapshot?.ruleset.evaluate('marker', {}).value
  await environment.stop()
  return marker === n && timers.pending === 0
}

/** A source that is nothing but its loop. */
function supervised(supervisor: Supervisor): Source {
  return {
    start: (sink) => supervisor.start(sink),
    refresh: () => supervisor.refresh(),
    status: () => supervisor.status(),
    stop: () => supervisor.stop(),
  }
}
