/**
 * What the vendor's word is worth: the document that waits because it looks wrong, the one that could not be used, and
 * when the vendor last confirmed what is served. Staleness and quarantine as others see them come from here.
 */
import { implausible } from './plausibility.ts'
import type { Plausibility } from './plausibility.ts'
import { WaitingRoom } from './quarantine.ts'
import type { Candidate } from './quarantine.ts'
import type { Snapshot } from './snapshot.ts'
import type { Quarantine } from './status.ts'

export interface JudgementParts {
  readonly plausibility: Plausibility
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly accepted: (candidate: Candidate) => void
  readonly quarantined: (quarantine: Quarantine) => void
}

export class Judgement {
  readonly #parts: JudgementParts
  readonly #waiting = new WaitingRoom()
  #rejected: { readonly at: number; readonly message: string } | undefined
  #confirmedAt: number | undefined
  #vouched = false

  constructor(parts: JudgementParts) {
    this.#parts = parts
  }

  get quarantine(): Quarantine | undefined {
    return this.#waiting.quarantine
  }

  get rejected(): { readonly at: number; readonly message: string } | undefined {
    return this.#rejected
  }

  get confirmedAt(): number | undefined {
    return this.#confirmedAt
  }

  /** The vendor has confirmed what is served, to this replica, since it was last told to forget. */
  get vouched(): boolean {
    return this.#vouched
  }

  /** Takes the document over, or lets it wait. */
  judge(candidate: Candidate, served: Snapshot | undefined): void {
    const reason = this.#strange(candidate, served)
    if (reason === undefined) {
      this.#accept(candidate)
      return
    }
    const isNew = this.#waiting.hold(candidate, reason, this.#parts.now())
    if (isNew && this.#waiting.quarantine !== undefined) this.#parts.quarantined(this.#waiting.quarantine)
    this.#acceptInsisted()
  }

  /** The upstream still holds what it last delivered, which need not be what is served. */
  unchanged(at: number): void {
    if (this.#waiting.quarantine !== undefined) {
      this.#waiting.delivered()
      this.#acceptInsisted()
    } else if (this.#rejected === undefined) {
      this.settle(at)
    }
  }

  reject(message: string): void {
    this.#waiting.clear()
    this.#rejected = { at: this.#parts.now(), message }
  }

  /** An operator's decision. False when another document or none waits. */
  confirm(sha256: string): boolean {
    const candidate = this.#waiting.confirmed(sha256)
    if (candidate !== undefined) this.#accept(candidate)
    return candidate !== undefined
  }

  /** The upstream's document is the served one: nothing waits, nothing is wrong. */
  settle(at: number): void {
    this.#waiting.clear()
    this.#rejected = undefined
    this.#confirmedAt = at
    this.#vouched = true
  }

  /** Another replica heard it from the vendor. */
  hearsay(at: number): void {
    this.#confirmedAt = at
  }

  /** What was heard so far says nothing about what is served from now on. */
  forget(): void {
    this.#waiting.clear()
    this.#rejected = undefined
    this.#vouched = false
  }

  #strange({ compiled, document }: Candidate, served: Snapshot | undefined): string | undefined {
    if (served === undefined) return undefined
    return implausible(
      { keys: served.ruleset.keys, bytes: served.bytes.byteLength },
      { keys: compiled.ruleset.keys, bytes: document.bytes.byteLength },
      this.#parts.plausibility,
    )
  }

  #acceptInsisted(): void {
    const candidate = this.#waiting.insisted(this.#parts.plausibility, this.#parts.now())
    if (candidate !== undefined) this.#accept(candidate)
  }

  #accept(candidate: Candidate): void {
    this.settle(candidate.document.receivedAt)
    this.#parts.accepted(candidate)
  }
}
