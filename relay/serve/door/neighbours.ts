/**
 * How many connections come from one address. Off unless configured: behind a load balancer all come from one, and so do
 * a whole office's. Loopback and configured proxies are never counted. One host on IPv6 has a network of addresses to
 * itself, so there its /64 counts as one.
 */
import { BlockList, isIPv6 } from 'node:net'
import type { Server, Socket } from 'node:net'
import { isLoopback } from './node-request.ts'

export class Neighbours {
  readonly #limit: number
  readonly #exempt = new BlockList()
  readonly #counts = new Map<string, number>()

  /** `exempt` are addresses or networks such as `10.0.0.0/8`. Throws when one is neither. */
  constructor(limit: number, exempt: readonly string[] = []) {
    this.#limit = limit
    for (const text of exempt) {
      const [address = '', bits] = text.split('/')
      const family = isIPv6(address) ? 'ipv6' : 'ipv4'
      if (bits === undefined) this.#exempt.addAddress(address, family)
      else this.#exempt.addSubnet(address, Number(bits), family)
    }
  }

  /** Lets a connection in, to be told of its end by what this gives back; undefined when there are enough from there. */
  admit(address: string): (() => void) | undefined {
    if (isLoopback(address) || this.#exempt.check(plain(address), isIPv6(plain(address)) ? 'ipv6' : 'ipv4')) return noop
    const key = networkOf(address)
    const count = this.#counts.get(key) ?? 0
    if (count >= this.#limit) return undefined
    this.#counts.set(key, count + 1)
    return () => {
      const left = (this.#counts.get(key) ?? 1) - 1
      if (left === 0) this.#counts.delete(key)
      else this.#counts.set(key, left)
    }
  }
}

/** Stands before everybody who hears of a server's connections. To be called when they all listen. */
export function turnAwayCrowds(server: Server, neighbours: Neighbours, turnedAway: () => void): void {
  const listeners = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const left = neighbours.admit(socket.remoteAddress ?? '')
    if (left === undefined) {
      turnedAway()
      socket.destroy()
      return
    }
    socket.on('close', left)
    for (const listener of listeners) listener.call(server, socket)
  })
}

function noop(): void {}

/** An IPv4 address is the same one when it comes in IPv6's clothes. */
function plain(address: string): string {
  return /^::ffff:\d+\./i.test(address) ? address.slice(7) : address
}

function networkOf(address: string): string {
  if (!isIPv6(address) || plain(address) !== address) return plain(address)
  const [before = '', after] = address.split('%')[0]?.split('::') ?? []
  const head = before === '' ? [] : before.split(':')
  const tail = after === undefined || after === '' ? [] : after.split(':')
  const zeros = after === undefined ? 0 : 8 - head.length - tail.length
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail]
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
