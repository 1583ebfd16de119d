/**
 * Other relays to compare with, as the user describes them in loadtest/peers.yaml: how to start each one and what to ask.
 * Traffic stays on this machine whatever the file says.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Shot } from '../measure/drive.ts'
import type { Pinning } from './pinning.ts'
import { answers, startServer } from './process.ts'
import type { Target } from './target.ts'

export interface Peer {
  readonly name: string
  /** A shell command that stays in the foreground. `$FLAGS_FILE` names the flagd document of the scenario. */
  readonly start: string
  readonly url: string
  readonly path: string
  /** `{n}` becomes a number that differs from request to request. Default: the scenario's bodies. */
  readonly body?: string
  readonly headers: Readonly<Record<string, string>>
  /** Scenarios it takes part in. Default: single. */
  readonly scenarios: readonly string[]
}

export const PEERS_FILE: string = join(import.meta.dirname, '../peers.yaml')
const KNOWN: ReadonlySet<string> = new Set(['name', 'start', 'url', 'path', 'body', 'headers', 'scenarios'])

export function readPeers(file: string = PEERS_FILE): Peer[] {
  return existsSync(file) ? peersOf(readFileSync(file, 'utf8')) : []
}

/** Throws an Error that names the peer and the field that is wrong. */
export function peersOf(text: string): Peer[] {
  const document: unknown = parse(text) ?? {}
  const list = isMapping(document) ? (document['peers'] ?? []) : undefined
  if (!Array.isArray(list)) throw new Error('peers.yaml: expected a list under `peers`')
  return list.map((entry: unknown, position) => peerOf(entry, `peers.yaml: peer ${position + 1}`))
}

function peerOf(entry: unknown, where: string): Peer {
  if (!isMapping(entry)) throw new Error(`${where}: expected a mapping`)
  for (const name of Object.keys(entry)) if (!KNOWN.has(name)) throw new Error(`${where}: unknown field ${name}`)
  const text = (name: string): string => {
    const value = entry[name]
    if (typeof value !== 'string' || value === '') throw new Error(`${where}: ${name} must be a text`)
    return value
  }
  const { body, headers = {}, scenarios = ['single'] } = entry
  if (body !== undefined && typeof body !== 'string') throw new Error(`${where}: body must be a text`)
  if (!isMapping(headers)) throw new Error(`${where}: headers must be a mapping`)
  if (!Array.isArray(scenarios)) throw new Error(`${where}: scenarios must be a list`)
  const url = URL.parse(text('url'))
  if (url?.protocol !== 'http:' || url.hostname !== '127.0.0.1' || url.pathname !== '/') {
    throw new Error(`${where}: url must be http://127.0.0.1:<port>, load is sent to this machine only`)
  }
  return {
    name: text('name'),
    start: text('start'),
    url: url.origin,
    path: text('path'),
    ...(body === undefined ? {} : { body }),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    scenarios: scenarios.map(String),
  }
}

/** Requests of its own, if the peer has any. */
export function shotsOf({ body, headers }: Peer, shots: readonly Shot[]): Shot[] {
  return shots.map((shot, n) => ({
    body: body === undefined ? shot.body : body.replaceAll('{n}', String(n)),
    headers: { ...headers },
  }))
}

/** Rejects when it does not answer its first request with 200 within a minute. */
export async function startPeer(peer: Peer, shots: readonly Shot[], flags: string, pinning: Pinning): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'halyard-peer-'))
  const file = join(folder, 'flags.json')
  writeFileSync(file, flags)
  const own = shotsOf(peer, shots)
  const [first] = own
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...first?.headers },
    body: first?.body ?? '',
  }
  const { pid, stop } = await startServer({
    command: pinning.server(['/bin/sh', '-c', peer.start]),
    env: { FLAGS_FILE: file },
    ready: () => answers(peer.url + peer.path, init),
  })
  return {
    name: peer.name,
    url: peer.url,
    path: peer.path,
    pid,
    shots: own,
    stop: async () => {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
