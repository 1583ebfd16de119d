/**
 * What each connection has under way. Needed for two things: after a fault no further byte of the connection may be
 * taken for a request, and an answer about that fault must not cut into answers that are still being written.
 */
import type { Duplex } from 'node:stream'

/** A request as the parser sees it: `complete` as soon as its last byte was read, before anybody is told of its end. */
interface Arriving {
  readonly complete: boolean
}

interface State {
  /** Requests whose answer is not yet written out. */
  open: number
  newest: Arriving | undefined
  condemned: boolean
  whenFree: (() => void) | undefined
}

export class Connections {
  readonly #states = new WeakMap<Duplex, State>()

  /** A request's head was read. False when the connection is condemned: it must not be looked at. */
  opened(socket: Duplex, request: Arriving): boolean {
    const state = this.#of(socket)
    if (state.condemned) return false
    state.open++
    state.newest = request
    return true
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
    // What has not arrived whole will never be answered.
    if (state.open > 0 && state.newest?.complete === false) state.open--
    if (state.open === 0) whenFree()
    else state.whenFree = whenFree
  }

  #of(socket: Duplex): State {
    let state = this.#states.get(socket)
    if (state === undefined) {
      state = { open: 0, newest: undefined, condemned: false, whenFree: undefined }
      this.#states.set(socket, state)
    }
    return state
  }
}
