/**
 * A WebSocket kept open as a stream of text messages. Its peer accepts whoever comes and says what is wrong in the code
 * of a close frame, so that "connected" proves nothing; and a peer that vanished says nothing at all, so that silence in
 * spite of our own signs of life ends the connection.
 */
import type { Socket } from 'node:net'
import { Agent, buildConnector, WebSocket } from 'undici'
import { guardedLookup, isForbiddenAddress } from './address.ts'
import type { BackoffOptions } from './backoff.ts'
import { systemTimers } from './clock.ts'
import type { Timers } from './clock.ts'
import { Connection } from './connection.ts'
import type { Life } from './connection.ts'
import { Watch } from './watch.ts'
import { causeCode, UpstreamError, redactUrl } from './upstream-error.ts'

/** Times in milliseconds. */
export interface WebSocketOptions {
  /** ws or wss. Asked before each connection, for credentials that hold the time. */
  readonly url: () => string
  readonly headers?: Readonly<Record<string, string>>
  /** Said as soon as the connection is open. */
  readonly hello: () => string
  /** Said every `beat` ms to show that we live; the peer must say something in 2.5 times that. */
  readonly ping: () => string
  readonly beat: number
  /** What a close code means, for codes that do not mean "come back". */
  readonly closed: (code: number) => UpstreamError | undefined
  /** Largest message in bytes, decompressed. Default 64 MiB. */
  readonly maxBytes?: number
  readonly healthyAfter?: number
  readonly backoff?: BackoffOptions
  /** Defaults 3,000 to connect and 10,000 to the end of the handshake. */
  readonly connectTimeout?: number
  readonly headersTimeout?: number
  /** PEM certificates to trust instead of the built-in ones. */
  readonly ca?: string
  readonly timers?: Timers
  readonly lookup?: Parameters<typeof guardedLookup>[0]
}

/** The server goes away, for now: what ends of deployments look like. */
const ORDINARY: ReadonlySet<number> = new Set([1000, 1001, 1012])

/** Messages are events of type `message` without an id. */
export class WebSocketStream extends Connection {
  readonly #options: WebSocketOptions
  readonly #timers: Timers

  constructor(options: WebSocketOptions) {
    const timers = options.timers ?? systemTimers
    super({ ...options, timers })
    this.#options = options
    this.#timers = timers
  }

  protected override origin(): string {
    return redactUrl(this.#options.url())
  }

  protected override async live(stopped: AbortSignal, life: Life): Promise<void> {
    const { url, headers = {}, beat } = this.#options
    const address = new URL(url())
    const origin = redactUrl(address)
    if (isForbiddenAddress(address.hostname)) {
      throw new UpstreamError('network', 'the address is link-local and never contacted')
    }
    const dialled = this.#dial()
    const socket = new WebSocket(address, { dispatcher: dialled.agent, headers: { ...headers } })
    // The peer's handshake has as long as its silence later: one watch, one timer.
    const act = (): void => {
      if (socket.readyState === WebSocket.OPEN) socket.send(this.#options.ping())
    }
    const watch = new Watch(this.#timers, 2.5 * beat, Infinity, { every: beat, act })
    try {
      await new Promise<void>((resolve, reject) => {
        const attempt = (act: () => void): void => {
          try {
            act()
          } catch (error) {
            const known = error instanceof UpstreamError
            reject(known ? error : new UpstreamError('internal', 'the receiver of a stream threw', { cause: error }))
          }
        }
        let opened = false
        socket.addEventListener('open', () => {
          opened = true
          attempt(() => {
            life.opened(false)
            socket.send(this.#options.hello())
          })
        })
        socket.addEventListener('message', ({ data }: { readonly data: unknown }) => {
          watch.heard(false)
          attempt(() => {
            if (typeof data !== 'string')
              throw new UpstreamError('protocol', `${origin} sent a message that is no text`)
            life.event({ type: 'message', data, id: '' })
            life.alive()
          })
        })
        // What is known of an error comes with the close event that follows it, and in the socket's own.
        socket.addEventListener('error', () => undefined)
        socket.addEventListener('close', ({ code }) => {
          const meant = this.#options.closed(code)
          if (meant !== undefined) reject(meant)
          else if (ORDINARY.has(code)) resolve()
          else reject(lost(origin, opened, code, dialled.error()))
        })
        const end = (): void => reject(new UpstreamError('timeout', `${origin} ${watch.expired ?? 'was left'}`))
        watch.signal.addEventListener('abort', end, { once: true })
        stopped.addEventListener('abort', end, { once: true })
        if (stopped.aborted) end()
      })
    } finally {
      watch.stop()
      if (socket.readyState === WebSocket.OPEN) socket.close()
      await dialled.end()
    }
  }

  /** A dispatcher for one connection, whose socket can be taken back after the upgrade. */
  #dial(): {
    readonly agent: Agent
    readonly error: () => Error | undefined
    readonly end: () => Promise<void>
  } {
    const { connectTimeout: timeout = 3_000, headersTimeout = 10_000, ca, maxBytes, lookup } = this.#options
    const connect = buildConnector({ timeout, lookup: guardedLookup(lookup), ...(ca === undefined ? {} : { ca }) })
    let socket: Socket | undefined
    let failure: Error | undefined
    const agent = new Agent({
      headersTimeout,
      maxHeaderSize: 16 * 1024,
      connections: 1,
      pipelining: 1,
      allowH2: false,
      webSocket: { maxPayloadSize: maxBytes ?? 64 * 1024 * 1024 },
      connect: (options, callback) =>
        connect(options, (...result) => {
          if (result[0] === null) socket = result[1]
          else failure = result[0]
          callback(...result)
        }),
    })
    return {
      agent,
      error: () => failure,
      end: async () => {
        await agent.destroy()
        socket?.destroy()
      },
    }
  }
}

function lost(origin: string, opened: boolean, code: number, cause: Error | undefined): UpstreamError {
  if (code === 1009) return new UpstreamError('too-large', `${origin} sent a message that is too large`)
  if (opened) return new UpstreamError('network', `${origin} ended the connection with code ${code}`)
  const name = cause === undefined ? '' : `: ${causeCode(cause)}`
  return new UpstreamError('network', `${origin} did not open a connection${name}`, { cause })
}
