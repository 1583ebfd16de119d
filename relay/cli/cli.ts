/**
 * `halyard …`: finds the command and turns whatever happens into lines for people and an exit code for scripts. No stack
 * trace leaves it unless HALYARD_DEBUG asks, because a trace tells an operator nothing about a missing comma.
 */
import manifest from '../package.json' with { type: 'json' }
import { suggestion } from '../../config/nearest.ts'
import { Failure, helpOf, readArguments, UsageError } from './command.ts'
import type { Command } from './command.ts'
import { exitCodes } from './terminal.ts'
import type { Terminal } from './terminal.ts'

interface Entry {
  readonly summary: string
  /** Commands are loaded when called: a health check must not load every dialect every few seconds. */
  readonly load: () => Promise<Command>
}

const commands: ReadonlyMap<string, Entry> = new Map([
  ['serve', { summary: 'Runs the relay.', load: async () => (await import('./serve.ts')).serve }],
  [
    'check',
    {
      summary: 'Lists every problem of a flag document or a relay configuration.',
      load: async () => (await import('./check.ts')).check,
    },
  ],
  [
    'evaluate',
    {
      summary: 'Evaluates one flag or all, from a file or a running relay.',
      load: async () => (await import('./evaluate.ts')).evaluate,
    },
  ],
  [
    'explain',
    {
      summary: 'Shows step by step why a flag gives its answer.',
      load: async () => (await import('./explain.ts')).explain,
    },
  ],
  [
    'health',
    {
      summary: 'Asks a relay whether it is ready; the exit code tells.',
      load: async () => (await import('./health.ts')).health,
    },
  ],
  [
    'rollback',
    {
      summary: 'Goes back to an earlier document, on every replica.',
      load: async () => (await import('./rollback.ts')).rollback,
    },
  ],
  [
    'confirm',
    {
      summary: 'Takes over a document that waits because it looks wrong.',
      load: async () => (await import('./confirm.ts')).confirm,
    },
  ],
])

/** Runs one command line (without `node` and the script). Never rejects. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name = '', ...rest] = args
  try {
    if (name === '--version' || name === '-v') return say(terminal, `halyard ${manifest.version}`)
    if (name === '' || name === '--help' || name === '-h' || name === 'help') {
      const topic = rest[0]
      return say(terminal, topic === undefined ? overview(terminal) : await help(topic, terminal))
    }
    if (rest.some((arg) => arg === '--help' || arg === '-h')) return say(terminal, await help(name, terminal))
    const command = await find(name).load()
    return await command.run(readArguments(command, rest), terminal)
  } catch (error) {
    return report(error, name, terminal)
  }
}

function find(name: string): Entry {
  const entry = commands.get(name)
  if (entry !== undefined) return entry
  throw new UsageError(`there is no command ${JSON.stringify(name)}${suggestion(name, commands.keys())}`)
}

async function help(name: string, terminal: Terminal): Promise<string> {
  const { summary, load } = find(name)
  return `${summary}\n\n${helpOf(await load(), terminal)}`
}

function report(error: unknown, name: string, terminal: Terminal): number {
  const message = error instanceof Error ? error.message : String(error)
  terminal.error(`${terminal.paint('red', 'halyard:')} ${message}`)
  if (error instanceof UsageError) {
    terminal.error(`Try: halyard ${commands.has(name) ? `${name} ` : ''}--help`)
    return exitCodes.usage
  }
  if (!(error instanceof Failure) && error instanceof Error && (terminal.variables['HALYARD_DEBUG'] ?? '') !== '') {
    terminal.error(error.stack ?? '')
  }
  return exitCodes.failed
}

function overview({ paint }: Terminal): string {
  const width = Math.max(...[...commands.keys()].map((name) => name.length))
  return [
    'Halyard: a relay that caches any vendor’s feature flags and answers OpenFeature clients locally.',
    '',
    paint('bold', 'Usage'),
    '  halyard COMMAND [arguments]',
    '',
    paint('bold', 'Commands'),
    ...[...commands].map(([name, { summary }]) => `  ${paint('cyan', name.padEnd(width))}  ${summary}`),
    '',
    'halyard COMMAND --help says more; halyard --version says which Halyard this is.',
    'Exit codes: 0 fine, 1 problems found or failed, 2 the command line makes no sense.',
  ].join('\n')
}

function say(terminal: Terminal, text: string): number {
  terminal.out(text)
  return exitCodes.ok
}
