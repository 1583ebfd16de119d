/** `halyard explain`: why does this user get this? The rules that were looked at, in order, and the one that decided. */
import type { Explanation } from '@halyard/engine'
import { UsageError } from './command.ts'
import type { Command } from './command.ts'
import { compileText, documentOptions, readOptions, readText } from './document.ts'
import { line, questionOptions, readContext, readKey, readNow } from './questions.ts'
import { exitCodes } from './terminal.ts'
import type { Terminal } from './terminal.ts'

export const explain: Command = {
  name: 'explain',
  usage: ['FILE KEY [--context JSON|@FILE]'],
  details: [
    'Prints the answer and, indented below it, what was looked at on the way there.',
    `Example: halyard explain flags.json new-checkout --context '{"targetingKey":"ada","country":"NL"}'`,
  ].join('\n'),
  options: { ...questionOptions, ...documentOptions },
  run: async (given, terminal) => {
    const [path] = given.positionals
    if (path === undefined) throw new UsageError('explain needs a FILE and a KEY')
    const key = readKey(given.positionals, 1, 'explain')
    const now = readNow(given)
    const context = await readContext(given)
    const choice = { dialect: given.text('dialect'), options: readOptions(given.texts('option')) }
    const explanation = compileText(path, await readText(path), choice).ruleset.explain(key, context, { now })
    if (given.flag('json')) terminal.out(JSON.stringify(explanation, undefined, 2))
    else for (const text of treeOf(explanation, terminal)) terminal.out(text)
    return explanation.errorCode === undefined ? exitCodes.ok : exitCodes.failed
  },
}

function treeOf(explanation: Explanation, terminal: Terminal): string[] {
  const { trace, ...evaluation } = explanation
  const steps = trace.map(({ depth, what, result }) => {
    const style = /^(true|matches)/.test(result) || what === 'serve' ? 'green' : 'dim'
    return `${'  '.repeat(depth + 1)}${what} ${terminal.paint('dim', '→')} ${terminal.paint(style, result)}`
  })
  return [line(evaluation, 0, terminal), ...steps]
}
