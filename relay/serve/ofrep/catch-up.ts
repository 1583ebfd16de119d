/**
 * Waiting for a revision that a client has already heard of. A change notice may reach a client through one replica and
 * its refetch another that is a moment behind; answering at once would hand out the old values as the new ones.
 */
import type { Environment } from '../../environment/environment.ts'
import type { Timers } from '../clock.ts'

/** Resolves when the environment serves `revision`, or after `ms` at the latest. */
export function revisionArrived(environment: Environment, revision: string, ms: number, timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      timers.clearTimeout(timer)
      unsubscribe()
      resolve()
    }
    const timer = timers.setTimeout(finish, ms)
    const unsubscribe = environment.subscribe((change) => {
      if (change.after.ruleset.revision === revision) finish()
    })
    if (environment.snapshot()?.ruleset.revision === revision) finish()
  })
}
