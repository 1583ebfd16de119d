/**
 * What accepts a door's connections: node:http's own server, over TLS or plain, so that its limits, its checking of slow
 * requests and its way of closing hold whoever then reads the connections.
 */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Server as SecureServer } from 'node:https'
import type { Limits } from '../settings.ts'
import type { Certificate } from './certificate.ts'

/** Connections whose bytes are those of HTTP arrive by this event. */
export type ConnectionEvent = 'connection' | 'secureConnection'

export interface Listener {
  readonly server: Server | SecureServer
  readonly event: ConnectionEvent
}

/** With a certificate it speaks TLS alone. `http2` offers h2 to who asks. */
export function createListener(limits: Limits, certificate: Certificate | undefined, http2: boolean): Listener {
  const options = {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: limits.checkIntervalMs,
    maxHeaderSize: limits.headerBytes,
    insecureHTTPParser: false,
    // Checked in framing.ts, since node's own refusal has no body.
    requireHostHeader: false,
    shouldUpgradeCallback: () => false,
    noDelay: true,
    keepAlive: true,
  }
  const server =
    certificate === undefined
      ? createServer(options)
      : createSecureServer({
          ...options,
          ...certificate.read(),
          allowHalfOpen: true,
          handshakeTimeout: limits.headersTimeoutMs,
          ALPNProtocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
        })
  // One more than allowed, so that framing.ts sees that there were too many; node drops the surplus silently.
  server.maxHeadersCount = limits.headerCount + 1
  server.maxConnections = limits.connections
  server.setTimeout(limits.socketTimeoutMs)
  return { server, event: certificate === undefined ? 'connection' : 'secureConnection' }
}
