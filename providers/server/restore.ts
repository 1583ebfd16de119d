/**
 * What there is before the relay was asked: a document handed in, and the one kept from the last run. The newer one
 * counts, and one that cannot be used is no reason not to start.
 */
import type { Settings } from './options.ts'
import { RelayError } from './relay-error.ts'
import type { Saver } from './saver.ts'
import { snapshotOf } from './snapshot.ts'
import type { Origin, Snapshot } from './snapshot.ts'

export interface Restored {
  readonly snapshot?: Snapshot
  /** Why one of the documents was left aside. */
  readonly refusal?: RelayError
}

/** Never rejects. */
export async function restore({ bootstrap, timers }: Settings, saver: Saver): Promise<Restored> {
  const [given, kept] = await Promise.all([
    attempt('bootstrap', async () => {
      const document = typeof bootstrap === 'function' ? await (bootstrap as () => unknown)() : bootstrap
      return document === undefined || document === null ? {} : { snapshot: snapshotOf(document, 'bootstrap', timers) }
    }),
    attempt('store', async () => {
      const document = await saver.load()
      if (document === undefined) return {}
      const snapshot = snapshotOf(document, 'store', timers)
      saver.holds = snapshot.ruleset.revision
      return { snapshot }
    }),
  ])
  const receivedAt = ({ snapshot }: Restored): number => snapshot?.receivedAt ?? -1
  const newer = receivedAt(kept) > receivedAt(given) ? kept : given
  return { ...given, ...kept, ...newer }
}

async function attempt(origin: Origin, load: () => Promise<Restored>): Promise<Restored> {
  try {
    return await load()
  } catch (error) {
    return { refusal: unusable(origin, error) }
  }
}

/** A document that cannot be used, as an error of the relay's. */
export function unusable(origin: Origin, error: unknown): RelayError {
  const reason = error instanceof Error ? error.message : String(error)
  return new RelayError('document', `the document (${origin}) cannot be used: ${reason}`, { cause: error })
}
