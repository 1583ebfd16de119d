/**
 * Who says of itself that it leads, looked at again and again: two leaders ask the vendor twice, none asks not at all.
 * Asked one after the other, so a change of leaders may look like two or none for a moment; how long is what counts.
 */
import type { RelayProcess } from './relay-process.ts'
import { pause } from './pause.ts'

export interface Leaders {
  /** Longest time without interruption, ms. */
  readonly two: number
  readonly none: number
  readonly stop: () => void
}

const EVERY_MS = 100

/** Relays that lead now. */
export async function leadersOf(relays: readonly RelayProcess[]): Promise<readonly RelayProcess[]> {
  const states = await Promise.all(relays.map(async (relay) => ({ relay, status: await relay.status() })))
  return states
    .filter(({ status }) => (status['replication'] as { role?: string } | undefined)?.role === 'leader')
    .map(({ relay }) => relay)
}

/** Begins to look. */
export function watchLeaders(relays: readonly RelayProcess[]): Leaders {
  const since: Record<'two' | 'none', number> = { two: Number.NaN, none: Number.NaN }
  const ended = new AbortController()
  const leaders = { two: 0, none: 0, stop: () => ended.abort() }
  const look = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const count = (await leadersOf(relays)).length
      const now = performance.now()
      for (const [kind, holds] of [
        ['two', count > 1],
        ['none', count === 0],
      ] as const) {
        if (!holds) since[kind] = Number.NaN
        else if (Number.isNaN(since[kind])) since[kind] = now
        else leaders[kind] = Math.max(leaders[kind], now - since[kind])
      }
      await pause(EVERY_MS)
    }
  }
  void look()
  return leaders
}
