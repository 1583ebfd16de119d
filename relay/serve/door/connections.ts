/**
 * What each connection has under way. Needed for two things: after a fault no further byte of the connection may be
 * taken for a request, and an answer about that fault must not cut into answers that are still being written.
 */
import type { Duplex } from 'node:stream'

interface State {
  /** Requests whose answer is not yet written out. */
  open: number
  /** Whether the newest of them is still arriving. */
  receiving: boolean
  condemned: boolean
  whenFree: (() => void) | undefined
}

export class Connections {
  readonly #states = new WeakMap<Duplex, State>()

  /** A request's head was read. False when the connection is condemned: it must not be looked at. */
  opened(socket: Duplex): boolean {
    const state = this.#of(socket)
    if (state.condemned) return false
    state.open++
    state.receiving = true
    return true
  }

  /** The request's last byte was read. */
  received(socket: Duplex): void {
    this.#of(socket).receiving = false
  }

  /** The request's answer was written out, or given up. */
  closed(socket: Duplex): void {
    const state = this.#of(socket)
    state.open--
    if (state.open === 0) state.whenFree?.()
  }

  /** No request is read from here any more. */
  condemn(socket: Duplex): void {
    this.#of(socket).condemned = true
  }

  /** Condemns it, and calls back when every complete request has been answered. */
  condemnAndWait(socket: Duplex, whenFree: () => void): void {
    const state = this.#of(socket)
    if (state.condemned) return
    state.condemned = true
    if (state.open - (state.receiving ? 1 : 0) === 0) {
      whenFree()
      return
    }
    if (state.receiving) state.open--
    state.whenFree = whenFree
  }

  #of(socket: Duplex): State {
    let state = this.#states.get(socket)
    if (state === undefined) {
      state = { open: 0, receiving: false, condemned: false, whenFree: undefined }
      this.#states.set(socket, state)
    }
    return state
  }
}
