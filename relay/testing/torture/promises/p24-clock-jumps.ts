/** P24: wall clocks jump, on all replicas or on one; nothing that waits or expires may follow them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { watchLeaders } from '../parts/leaders.ts'
import { scene, through } from '../parts/scene.ts'
import { atMost, exactly, quietly, some } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

const DAY = 86_400_000
const LEASE_S = 3
const JUMPS: readonly (readonly [string, number])[] = [
  ['a day ahead', DAY],
  ['a day back', -DAY],
  ['half a second back, as NTP steps', -500],
  ['a year ahead', 365 * DAY],
  ['right again', 0],
]

export const clockJumps: Promised = {
  id: 'P24',
  says: 'Clock jumps do no harm',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const clock = join(torture.folder, 'clock')
    writeFileSync(clock, '0')
    const preload = import.meta.resolve('../parts/shifted-clock.ts')
    const stage = await scene(torture, {
      name: 'p24',
      relay: { lease: `${LEASE_S}s`, nodeArguments: ['--import', preload], variables: { TORTURE_CLOCK: clock } },
    })
    const { checker, relays, upstream } = stage
    const driver = stage.driver({ rate: torture.scaled(3_000, 150) })
    driver.start()
    const leaders = watchLeaders(relays)
    torture.defer(leaders.stop)
    let slowest = 0
    let most = 0
    for (const [name, offset] of some(torture, JUMPS, 3)) {
      for (const jumping of [relays, relays.slice(0, 1)]) {
        writeFileSync(clock, String(offset))
        for (const relay of jumping) relay.signal('SIGUSR2')
        const asked = upstream.asked.length
        const began = performance.now()
        await through(torture, `${jumping.length} of 3: ${name}`, torture.scaled(20_000, 500))
        upstream.publish()
        const converged = await stage.converged(15_000)
        slowest = Math.max(slowest, converged)
        // Every replica asks once a second at most, whatever its clock says.
        const allowed = relays.length * ((performance.now() - began) / 1_000 / 0.9 + 1)
        most = Math.max(most, (upstream.asked.length - asked) / allowed)
      }
    }
    await driver.stop()
    leaders.stop()
    for (const example of checker.examples) torture.say(example)
    return [
      ...checker.figures(),
      atMost('two leaders at once', leaders.two / 1_000, LEASE_S, 's'),
      exactly('replicas that ended', relays.filter(({ alive }) => !alive).length, 0),
      quietly(atMost('a change reaches all, after any jump', slowest, 5_000, 'ms')),
      atMost('polls, of those the interval allows', most, 1),
    ]
  },
}
