/**
 * One client of a stream. It never writes while the client has not taken what was written before: then it only notes that
 * it is behind, and sends the newest state when the client has caught up, so a slow client costs one frame and misses
 * nothing but states that were overtaken. It has no timer: `Streams` looks at all of them once a second.
 */
import type { Buffer } from 'node:buffer'
import type { Outlet, OutletListener } from '../http-message.ts'
import type { Caller } from '../tenants.ts'
import { ownBuffer } from './scratch.ts'
import type { Scratch } from './scratch.ts'

export type StreamKind = 'events' | 'evaluated' | 'document'

/**
 * Why a stream ended: its client left, did not read, was there for long enough, may not be served any more, or the relay
 * says goodbye, or could not do its work.
 */
export type StreamEnd = 'client' | 'slow' | 'aged' | 'revoked' | 'drained' | 'failed'

/** One event or several, as they go out. */
export type Frame = string | Buffer

/** What channels need of whoever keeps them. */
export interface Keeper {
  /** Most bytes to hand over at a time. */
  readonly pendingBytes: number
  readonly scratch: Scratch
  /** The channel is closed. */
  left(channel: Channel): void
  /** Something threw: a defect, which may cost this client its stream and nobody else anything. */
  failed(channel: Channel, error: unknown): void
}

export abstract class Channel implements OutletListener {
  readonly kind: StreamKind
  readonly keeper: Keeper
  readonly outlet: Outlet
  /** Replaced when settings are reloaded. */
  caller: Caller
  /** Whether there is something newer than what was written. */
  behind = false
  end: StreamEnd = 'client'
  /** When to end it, and in which of the heartbeat's seconds it is due; seconds of the keeper's clock. */
  endsAt = 0
  beat = 0
  /** What was pending when last looked at, and since when it has been so; 0 when nothing was. */
  seen = 0
  stuckSince = 0
  /** What of a frame is not handed over yet: frames of megabytes go piece by piece. */
  #rest: Buffer | undefined

  constructor(kind: StreamKind, keeper: Keeper, outlet: Outlet, caller: Caller) {
    this.kind = kind
    this.keeper = keeper
    this.outlet = outlet
    this.caller = caller
  }

  /** Writes what a stream begins with. */
  protected abstract begin(): void

  /** Writes whatever the client lacks of the newest state. Only called while nothing is pending. */
  protected abstract catchUp(): void

  /** Whether the client has yet to take what was written. */
  get busy(): boolean {
    return this.#rest !== undefined || this.outlet.pending > 0
  }

  open(): void {
    try {
      this.begin()
    } catch (error) {
      this.keeper.failed(this, error)
    }
  }

  /** There may be something new: now if the client can take it, else as soon as it can. */
  refresh(): void {
    if (this.end !== 'client') return
    this.behind = this.busy
    if (this.behind) return
    try {
      this.catchUp()
    } catch (error) {
      this.keeper.failed(this, error)
    }
  }

  /** A text is a frame for this client only, a buffer one that may be shared. */
  write(frame: Frame): void {
    const { pendingBytes, scratch } = this.keeper
    if (typeof frame === 'string' && frame.length <= pendingBytes && scratch.fits(frame)) {
      scratch.write(frame, this.outlet)
      return
    }
    const bytes = typeof frame === 'string' ? ownBuffer(frame) : frame
    if (bytes.length <= pendingBytes) {
      this.outlet.write(bytes)
      return
    }
    this.#rest = bytes
    this.#writePieces()
  }

  /** Between the pieces of a frame a comment would become part of it. */
  heartbeat(comment: Buffer): void {
    if (!this.busy) this.outlet.write(comment)
  }

  drained(): void {
    if (this.#rest !== undefined) this.#writePieces()
    if (this.behind) this.refresh()
  }

  closed(): void {
    this.#rest = undefined
    this.keeper.left(this)
  }

  /** Says goodbye; a frame that is only partly handed over is lost, which its client notices by the missing end. */
  finish(end: StreamEnd, last?: string): void {
    this.end = end
    this.behind = false
    if (last !== undefined && !this.busy) this.write(last)
    this.#rest = undefined
    this.outlet.end()
  }

  cut(end: StreamEnd): void {
    this.end = end
    this.behind = false
    this.outlet.destroy()
  }

  #writePieces(): void {
    while (this.#rest !== undefined && this.outlet.pending === 0) {
      const { pendingBytes } = this.keeper
      const piece = this.#rest.subarray(0, pendingBytes)
      this.#rest = piece.length < this.#rest.length ? this.#rest.subarray(pendingBytes) : undefined
      this.outlet.write(piece)
    }
  }
}
