/** `halyard evaluate`: what would this user get? From a file without any relay, or from a running one. */
import type { Evaluation } from '@halyard/engine'
import { UsageError } from './command.ts'
import type { Command, Given } from './command.ts'
import { compileText, documentOptions, readOptions, readText } from './document.ts'
import { line, questionOptions, readContext, readKey, readNow, readType } from './questions.ts'
import { ask, readRelay, remoteOptions } from './remote.ts'
import type { Relay } from './remote.ts'
import { exitCodes } from './terminal.ts'

export const evaluate: Command = {
  name: 'evaluate',
  usage: [
    'FILE KEY [--context JSON|@FILE]',
    'FILE --all [--context JSON|@FILE]',
    '--url URL (KEY | --all) [--context JSON|@FILE]',
  ],
  details: [
    'Prints one line per flag: key, value, variant, reason. An error code makes the exit code 1.',
    `Example: halyard evaluate flags.json new-checkout --context '{"targetingKey":"ada","country":"NL"}'`,
  ].join('\n'),
  options: {
    all: { type: 'boolean', short: 'a', help: 'Every flag.' },
    type: { type: 'string', short: 't', value: 'TYPE', help: 'Ask for boolean, string, number or object.' },
    ...questionOptions,
    ...documentOptions,
    ...remoteOptions,
  },
  run: async (given, terminal) => {
    const relay = readRelay(given, terminal.variables)
    const evaluations = relay === undefined ? await fromFile(given) : await fromRelay(relay, given)
    if (given.flag('json')) {
      terminal.out(JSON.stringify(given.flag('all') ? evaluations : evaluations[0], undefined, 2))
    } else {
      const width = Math.max(0, ...evaluations.map(({ key }) => key.length))
      for (const evaluation of evaluations) terminal.out(line(evaluation, width, terminal))
    }
    return evaluations.some(({ errorCode }) => errorCode !== undefined) ? exitCodes.failed : exitCodes.ok
  },
}

async function fromFile(given: Given): Promise<readonly Evaluation[]> {
  const [path] = given.positionals
  if (path === undefined) throw new UsageError('evaluate needs a FILE, or a --url')
  const type = readType(given)
  const now = readNow(given)
  const context = await readContext(given)
  const choice = { dialect: given.text('dialect'), options: readOptions(given.texts('option')) }
  if (given.flag('all')) {
    if (given.positionals.length > 1) throw new UsageError('evaluate takes a KEY or --all, not both')
    if (type !== undefined) throw new UsageError('--type is for one KEY: with --all every flag has its own')
    return compileText(path, await readText(path), choice).ruleset.evaluateAll(context, { now })
  }
  const key = readKey(given.positionals, 1, 'evaluate')
  return [compileText(path, await readText(path), choice).ruleset.evaluate(key, context, type, { now })]
}

async function fromRelay(relay: Relay, given: Given): Promise<readonly Evaluation[]> {
  for (const name of ['type', 'now', 'dialect']) {
    if (given.text(name) !== undefined) throw new UsageError(`--${name} is for files: a relay answers as it is`)
  }
  const context = await readContext(given)
  if (!given.flag('all')) return ask(relay, readKey(given.positionals, 0, 'evaluate --url'), context)
  if (given.positionals.length > 0) throw new UsageError('evaluate takes a KEY or --all, not both')
  return ask(relay, undefined, context)
}
