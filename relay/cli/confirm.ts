/** `halyard confirm`: believes a document that waits because it looks wrong, such as one with most flags gone. */
import type { Command } from './command.ts'
import { environmentOf, operate, operatorDetails, operatorOptions } from './operator.ts'
import { exitCodes } from './terminal.ts'

export const confirm: Command = {
  name: 'confirm',
  usage: ['ENVIRONMENT [--sha256 DIGITS]'],
  details: [
    'A document that loses most flags, or grows manifold, waits until the vendor insists on it or until this. What waits',
    'and why is in /status and in the log; --sha256 makes sure that it is still the same.',
    operatorDetails,
  ].join('\n'),
  options: {
    sha256: { type: 'string', value: 'DIGITS', help: 'Only if the document’s SHA-256 begins with these six or more.' },
    ...operatorOptions,
  },
  run: async (given, terminal) => {
    const environment = environmentOf(given)
    const sha256 = given.text('sha256')
    const wish = sha256 === undefined ? {} : { sha256 }
    const answer = await operate(given, terminal, 'POST', `confirm/${encodeURIComponent(environment)}`, wish)
    const digits = String(answer.get('sha256')).slice(0, 12)
    const how = answer.get('by') === 'the leader' ? 'the leading replica was asked to take over' : 'took over'
    terminal.out(`${environment}: ${how} the document ${digits} that waited`)
    return exitCodes.ok
  },
}
