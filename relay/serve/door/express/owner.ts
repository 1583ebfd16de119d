/**
 * Whom a socket's events concern: first the lane, later perhaps an answer that stays open. One set of listeners serves
 * all sockets; five closures for each would be a good part of what an idle connection costs.
 */
import type { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'

export interface Owner {
  /** Without it, what the peer sends is ignored. */
  onData?(chunk: Buffer): void
  onDrain?(): void
  /** The peer sends no more. */
  onEnd(): void
  onClose(): void
}

const OWNER = Symbol('owner')

interface Owned extends Socket {
  [OWNER]?: Owner | undefined
}

const listeners = {
  data(this: Owned, chunk: Buffer): void {
    this[OWNER]?.onData?.(chunk)
  },
  drain(this: Owned): void {
    this[OWNER]?.onDrain?.()
  },
  end(this: Owned): void {
    this[OWNER]?.onEnd()
  },
  close(this: Owned): void {
    this[OWNER]?.onClose()
  },
  error(this: Owned): void {
    this.destroy()
  },
}

/** Makes `owner` the one who hears of the socket, in place of whoever was before. */
export function own(socket: Socket, owner: Owner): void {
  const owned: Owned = socket
  if (owned[OWNER] === undefined) for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener)
  owned[OWNER] = owner
}

/** From now on nobody hears of it. */
export function disown(socket: Socket): void {
  const owned: Owned = socket
  owned[OWNER] = undefined
  for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener)
}
