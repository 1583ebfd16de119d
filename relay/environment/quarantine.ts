/**
 * The waiting room for a document that is valid but looks wrong. It is believed when an operator confirms it, or when
 * the upstream has insisted on exactly this document often enough and long enough; another document empties the room.
 */
import type { Compiled } from '@halyard/engine'
import type { UpstreamDocument } from '../upstream/source.ts'
import type { Plausibility } from './plausibility.ts'
import type { Quarantine } from './status.ts'

export interface Candidate {
  readonly document: UpstreamDocument
  readonly sha256: string
  readonly compiled: Compiled
}

export class WaitingRoom {
  #held: { readonly candidate: Candidate; readonly quarantine: Quarantine } | undefined

  get quarantine(): Quarantine | undefined {
    return this.#held?.quarantine
  }

  clear(): void {
    this.#held = undefined
  }

  /** Puts the candidate in, or counts another delivery of the one that waits. True when it was not waiting before. */
  hold(candidate: Candidate, reason: string, now: number): boolean {
    if (this.#held?.quarantine.sha256 === candidate.sha256) {
      this.delivered()
      return false
    }
    this.#held = { candidate, quarantine: { sha256: candidate.sha256, reason, since: now, deliveries: 1 } }
    return true
  }

  /** The upstream answered that its document is still the one that waits here. */
  delivered(): void {
    if (this.#held === undefined) return
    const { candidate, quarantine } = this.#held
    this.#held = { candidate, quarantine: { ...quarantine, deliveries: quarantine.deliveries + 1 } }
  }

  /** Takes the candidate out if the upstream has insisted enough by now. */
  insisted(limits: Plausibility, now: number): Candidate | undefined {
    if (this.#held === undefined) return undefined
    const { deliveries, since } = this.#held.quarantine
    return deliveries >= limits.confirmations && now - since >= limits.confirmAfterMs ? this.#take() : undefined
  }

  /** Takes the candidate out as an operator's decision; undefined when another or none waits. */
  confirmed(sha256: string): Candidate | undefined {
    return this.#held?.quarantine.sha256 === sha256 ? this.#take() : undefined
  }

  #take(): Candidate | undefined {
    const candidate = this.#held?.candidate
    this.#held = undefined
    return candidate
  }
}
