/** P2: a vendor may refuse, hang, lie or hand out blank documents for as long as it likes. */
import { AILMENTS } from '../parts/document-server.ts'
import type { Ailment } from '../parts/document-server.ts'
import { until } from '../parts/pause.ts'
import { scene, through } from '../parts/scene.ts'
import { atMost, exactly, some } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

export const upstreamLost: Promised = {
  id: 'P2',
  says: 'Losing the upstream fails no evaluation, for ever',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const rate = torture.scaled(3_000, 150)
    const lasts = torture.scaled(60_000, 1_000)
    // Stale after one second, so that a short illness is long enough to be told.
    const stage = await scene(torture, { name: 'p2', redis: false, relay: { environment: { staleAfter: '1s' } } })
    const { checker, upstream, relays } = stage
    const driver = stage.driver({ rate })
    driver.start()
    let untold = 0
    let moved = 0
    for (const ailment of chosen(torture)) {
      upstream.publish()
      if (Number.isNaN(await stage.converged(20_000))) throw new Error(`not healthy before ${ailment}`)
      const good = upstream.n
      await upstream.fall(ailment)
      await through(torture, `the upstream: ${ailment}`, lasts)
      const told = await until(async () => {
        const states = await Promise.all(relays.map((relay) => relay.status()))
        return states.every(({ state, staleSince }) => state === 'stale' && typeof staleSince === 'number')
      }, 8_000)
      if (Number.isNaN(told)) untold += 1
      if (checker.newest !== good) moved += 1
      await upstream.heal()
    }
    upstream.publish()
    const converged = await stage.converged(60_000)
    await driver.stop()
    for (const example of checker.examples) torture.say(example)
    return [
      ...checker.figures(),
      exactly('illnesses that moved an answer', moved, 0),
      exactly('illnesses the status did not tell', untold, 0),
      exactly('replicas that ended', relays.filter(({ alive, starts }) => !alive || starts > 1).length, 0),
      atMost('back after the last', converged, 60_000, 'ms'),
    ]
  },
}

/** A short run tries some of them, others with another seed, and a document that must wait in quarantine always. */
function chosen(torture: Torture): readonly Ailment[] {
  if (torture.scale === 1) return AILMENTS
  const strange: readonly Ailment[] = ['blank', 'shrunk']
  const rest = AILMENTS.filter((ailment) => !strange.includes(ailment))
  return [torture.random.pick(strange), ...some(torture, rest, 3)]
}
