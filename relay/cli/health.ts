/** `halyard health`: one request to a relay's health, for container health checks in images without a shell or curl. */
import { UsageError } from './command.ts'
import type { Command } from './command.ts'
import { reasonOf } from './remote.ts'
import { exitCodes } from './terminal.ts'

export const health: Command = {
  name: 'health',
  usage: ['[--live] [--url URL]'],
  details: [
    'Ready: documents are loaded and the relay is not draining. Live (--live): the process answers at all.',
    'URL is the management listener; default http://127.0.0.1:8081, with the port of HALYARD_LISTEN_MANAGEMENT_PORT.',
  ].join('\n'),
  options: {
    live: { type: 'boolean', help: 'Ask /healthz instead of /readyz.' },
    url: { type: 'string', short: 'u', value: 'URL', help: 'The management listener.' },
    timeout: { type: 'string', value: 'MS', help: 'Give up after this many milliseconds. Default 3000.' },
  },
  run: async (given, terminal) => {
    const { HALYARD_LISTEN_MANAGEMENT_PORT: port = '8081' } = terminal.variables
    const base = given.text('url') ?? `http://127.0.0.1:${port}`
    const timeout = Number(given.text('timeout') ?? 3_000)
    if (!URL.canParse(base) || !/^https?:/.test(base)) throw new UsageError('--url must be an http or https URL')
    if (!(timeout >= 1 && timeout <= 600_000))
      throw new UsageError('--timeout must be between 1 and 600000 milliseconds')
    const url = new URL(given.flag('live') ? '/healthz' : '/readyz', base).href
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(timeout) })
      await response.body?.cancel()
      terminal.out(`${url} answers ${response.status}`)
      return response.ok ? exitCodes.ok : exitCodes.failed
    } catch (error) {
      terminal.error(`${url} does not answer: ${reasonOf(error)}`)
      return exitCodes.failed
    }
  },
}
