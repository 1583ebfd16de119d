/**
 * The lines a person sees after `serve`: where the relay listens and one command that works when pasted, with a flag that
 * exists. Nothing here is needed for serving, so nothing here may fail it.
 */
import type { Settings } from '../../config/settings.ts'
import type { RunningRelay } from '../relay.ts'
import { ask } from './remote.ts'
import type { Terminal } from './terminal.ts'

const PERSON = { targetingKey: 'ada', country: 'NL' }

/** Waits up to two seconds for the first documents, since a flag's name can be told only then. */
export async function banner(settings: Settings, relay: RunningRelay, { paint }: Terminal): Promise<string[]> {
  const names = [...settings.environments.keys()]
  const url = relay.addresses.public
  return [
    `${paint('bold', 'Halyard')} serves ${names.length === 1 ? 'one environment' : `${names.length} environments`}: ${names.join(', ')}`,
    `  applications  ${paint('cyan', relay.addresses.public)}`,
    `  operators     ${paint('cyan', relay.addresses.management)}`,
    '',
    `${paint('bold', 'Try')}  ${await example(settings, url)}`,
  ]
}

async function example(settings: Settings, url: string): Promise<string> {
  const open = [...settings.environments].find(([, { keys, anonymous }]) => {
    return anonymous || keys.server.length + keys.client.length + keys.admin.length === 0
  })
  const key = open === undefined ? undefined : await firstKey(url, open[0])
  const who = open === undefined ? `'Authorization: Bearer YOUR-KEY'` : `'X-Halyard-Environment: ${open[0]}'`
  const path = key === undefined ? '' : `/${encodeURIComponent(key)}`
  const body = `'${JSON.stringify({ context: PERSON })}'`
  return `curl -s ${url}/ofrep/v1/evaluate/flags${path} -H 'Content-Type: application/json' -H ${who} -d ${body}`
}

async function firstKey(url: string, environment: string): Promise<string | undefined> {
  const deadline = Date.now() + 2_000
  while (Date.now() < deadline) {
    try {
      const flags = await ask({ url, key: undefined, environment }, undefined, PERSON)
      const shown = flags.find(({ errorCode, value }) => errorCode === undefined && value !== undefined)
      if (shown !== undefined) return shown.key
    } catch {
      // Not loaded yet, or not for us: the example then names no flag.
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  }
  return undefined
}
