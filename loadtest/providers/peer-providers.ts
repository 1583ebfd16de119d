/** OpenFeature providers of others, without network in between: each is given the document, or its answers, beforehand. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile } from '@halyard/engine'
import type { Provider } from '@openfeature/server-sdk'
import { flagd } from '../engines/flagd.ts'
import { installPackage } from '../targets/install-package.ts'

export interface PeerProvider {
  /** npm name and version. */
  readonly package: string
  /** What to know when reading its figure. */
  readonly remark: string
  readonly start: () => Promise<Provider>
}

const FLAGD = '0.16.1'
/** The newest that the registry has under this name. */
const GOFF = '0.7.0'
const PEERS = ['@openfeature/server-sdk@1.23.0', '@grpc/grpc-js@1.14.7']

type Constructor = new (options: object) => Provider

/** Those that read the flagd document. */
export const peerProviders: readonly PeerProvider[] = [
  {
    package: `@openfeature/flagd-provider ${FLAGD}`,
    remark: 'in process, document from a file',
    start: async () => {
      const file = join(mkdtempSync(join(tmpdir(), 'halyard-loadtest-')), 'flags.json')
      writeFileSync(file, JSON.stringify(flagd.document))
      const { FlagdProvider } = (await installPackage('@openfeature/flagd-provider', FLAGD, PEERS)) as {
        readonly FlagdProvider: Constructor
      }
      return new FlagdProvider({ resolverType: 'in-process', offlineFlagSourcePath: file })
    },
  },
  {
    package: `@openfeature/go-feature-flag-provider ${GOFF}`,
    remark: 'asks its relay; every answer was in its cache beforehand, so the network is not in its figure',
    start: async () => {
      const { GoFeatureFlagProvider } = (await installPackage(
        '@openfeature/go-feature-flag-provider',
        GOFF,
        PEERS,
      )) as {
        readonly GoFeatureFlagProvider: Constructor
      }
      const options = { flagCacheSize: 1_000_000, flagCacheTTL: -1, disableDataCollection: true }
      return new GoFeatureFlagProvider({ endpoint: await startGoffRelay(), ...options })
    },
  },
]

/** Answers as GO Feature Flag's relay does, out of the flagd document. */
async function startGoffRelay(): Promise<string> {
  const { ruleset } = compile({ dialect: 'flagd', document: JSON.stringify(flagd.document) })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const [, flag = ''] = /\/v1\/feature\/([^/]+)\/eval/.exec(request.url ?? '') ?? []
    const { user } = JSON.parse(text) as { user: { key: string; custom?: object } }
    const { value, variant, reason } = ruleset.evaluate(flag, { ...user.custom, targetingKey: user.key })
    const told = { value, variationType: variant, reason, cacheable: true, failed: false, trackEvents: false }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(told))
  }
  const server = createServer((request, response) => void answer(request, response))
  server.unref()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
