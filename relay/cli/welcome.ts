/**
 * The lines a person sees after `serve`: where the relay listens and one command that works when pasted, with a flag that
 * exists. Nothing here is needed for serving, so nothing here may fail it.
 */
import type { Settings } from '../../config/settings.ts'
import type { RunningRelay } from '../relay.ts'
import type { Terminal } from './terminal.ts'

const PERSON = { targetingKey: 'ada', country: 'NL' }

/** Waits up to two seconds for the first documents, since a flag's name can be told only then. */
export async function banner(settings: Settings, relay: RunningRelay, { paint }: Terminal): Promise<string[]> {
  const names = [...settings.environments.keys()]
  return [
    `${paint('bold', 'Halyard')} serves ${names.length === 1 ? 'one environment' : `${names.length} environments`}: ${names.join(', ')}`,
    `  applications  ${paint('cyan', relay.addresses.public)}`,
    `  operators     ${paint('cyan', relay.addresses.management)}`,
    '',
    `${paint('bold', 'Try')}  ${await example(settings, relay)}`,
  ]
}

async function example(settings: Settings, relay: RunningRelay): Promise<string> {
  const open = [...settings.environments].find(([, { keys, anonymous }]) => {
    return anonymous || keys.server.length + keys.client.length + keys.admin.length === 0
  })
  const key = open === undefined ? undefined : await firstKey(relay, open[0])
  const who = open === undefined ? `'Authorization: Bearer YOUR-KEY'` : `'X-Halyard-Environment: ${open[0]}'`
  const path = key === undefined ? '' : `/${encodeURIComponent(key)}`
  const body = `'${JSON.stringify({ context: PERSON })}'`
  return `curl -s ${relay.addresses.public}/ofrep/v1/evaluate/flags${path} -H 'Content-Type: application/json' -H ${who} -d ${body}`
}

async function firstKey(relay: RunningRelay, environment: string): Promise<string | undefined> {
  const deadline = Date.now() + 2_000
  for (;;) {
    const key = relay.exampleOf(environment, PERSON)
    if (key !== undefined || Date.now() >= deadline) return key
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  }
}
