/** The relay under test: its own folder, its own ports, a flagd document from a file or from an address. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Pinning } from './pinning.ts'
import { answers, freePort, startServer } from './process.ts'
import type { Target } from './target.ts'

export interface RelayOptions {
  readonly pinning: Pinning
  /** Of the target, for reports. Default `relay`. */
  readonly name?: string
  readonly path: string
  /** The flagd document, served from a file; absent when `upstreamUrl` is given. */
  readonly document?: string
  readonly upstreamUrl?: string
  /** Where last known good documents are kept. Default: nowhere. */
  readonly disk?: string
  /** The entry file: relay/main.ts, or main.js of a compiled relay. */
  readonly main?: string
  /** For Node, before the entry file. Default none. */
  readonly flags?: readonly string[]
}

export interface Relay extends Target {
  readonly managementUrl: string
  readonly log: () => string
  /** Replaces the document as editors and Kubernetes do: by renaming. */
  readonly publish: (document: string) => void
}

/** The entry file of the sources in this repository. */
export const SOURCE_MAIN: string = resolve(import.meta.dirname, '../../relay/main.ts')

/** Resolves when the relay says that it is ready; rejects with its log when it does not within a minute. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const prepared = await prepareRelay(options)
  try {
    const { pid, stop, log } = await startServer({
      command: prepared.command,
      ready: () => answers(`${prepared.managementUrl}/readyz`),
    })
    return {
      ...prepared,
      pid,
      log,
      stop: async () => {
        await stop()
        prepared.remove()
      },
    }
  } catch (error) {
    prepared.remove()
    throw error
  }
}

export interface PreparedRelay {
  readonly name: string
  readonly url: string
  readonly path: string
  readonly managementUrl: string
  readonly command: readonly string[]
  readonly publish: (document: string) => void
  readonly remove: () => void
}

/** Everything but the start, for those who measure the start itself. */
export async function prepareRelay(options: RelayOptions): Promise<PreparedRelay> {
  const { pinning, name = 'relay', path, document, upstreamUrl, disk, main = SOURCE_MAIN, flags = [] } = options
  const folder = mkdtempSync(join(tmpdir(), 'halyard-loadtest-'))
  const [port, managementPort] = [await freePort(), await freePort()]
  const publish = (text: string): void => {
    writeFileSync(join(folder, 'next'), text)
    renameSync(join(folder, 'next'), join(folder, 'flags.json'))
  }
  if (document !== undefined) publish(document)
  const upstream = upstreamUrl === undefined ? 'file: flags.json' : `url: ${JSON.stringify(upstreamUrl)}`
  const configuration = `listen: { port: ${port}, management: { port: ${managementPort} } }
environments: { load: { upstream: { vendor: flagd, ${upstream} } } }
store: { disk: ${disk === undefined ? 'false' : JSON.stringify(disk)} }
log: { level: error }
`
  writeFileSync(join(folder, 'relay.yaml'), configuration)
  return {
    name,
    path,
    url: `http://127.0.0.1:${port}`,
    managementUrl: `http://127.0.0.1:${managementPort}`,
    command: pinning.server([process.execPath, ...flags, main, 'serve', '--config', join(folder, 'relay.yaml')]),
    publish,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
