/**
 * `halyard rollback`: goes back to an earlier document, on every replica. The vendor's present document stays out until
 * the vendor has another one, or until `--unpin`.
 */
import { UsageError } from './command.ts'
import type { Command } from './command.ts'
import { environmentOf, operate, operatorDetails, operatorOptions } from './operator.ts'
import { exitCodes } from './terminal.ts'
import type { Terminal } from './terminal.ts'

export const rollback: Command = {
  name: 'rollback',
  usage: [
    'ENVIRONMENT [--to REVISION|SHA256|VERSION]   go back, by default to the document before',
    'ENVIRONMENT --list                           show what can be gone back to',
    'ENVIRONMENT --unpin                          let the vendor’s word count again',
  ],
  details: [
    'Serves an earlier document in a new epoch. The vendor’s document that was left is not taken over again, whoever',
    'delivers it, until the vendor has another one or --unpin. It needs neither the vendor nor Redis: the disk will do.',
    operatorDetails,
  ].join('\n'),
  options: {
    to: {
      type: 'string',
      value: 'NAME',
      help: 'Revision, version such as 1.41, or six and more digits of the SHA-256.',
    },
    list: { type: 'boolean', short: 'l', help: 'List the generations that are kept, and change nothing.' },
    unpin: { type: 'boolean', help: 'Take over the vendor’s document again, whichever it is.' },
    ...operatorOptions,
  },
  run: async (given, terminal) => {
    const environment = environmentOf(given)
    const [to, list, unpin] = [given.text('to'), given.flag('list'), given.flag('unpin')]
    if ([to !== undefined, list, unpin].filter(Boolean).length > 1) {
      throw new UsageError('--to, --list and --unpin are three different things to do')
    }
    const name = encodeURIComponent(environment)
    if (list) {
      const answer = await operate(given, terminal, 'GET', `generations/${name}`)
      return show(answer.get('generations'), environment, terminal)
    }
    const wish = unpin ? { unpin } : to === undefined ? {} : { to }
    const answer = await operate(given, terminal, 'POST', `rollback/${name}`, wish)
    const text = (member: string): string => String(answer.get(member))
    terminal.out(
      unpin
        ? `${environment}: the vendor’s word counts again; served as ${text('order')} until it comes`
        : `${environment}: back from ${text('from')} to the document of ${text('to')}, served as ${text('order')}`,
    )
    terminal.out(`revision ${text('revision')}`)
    const pinned = answer.get('pinnedAgainst')
    if (typeof pinned === 'string') {
      terminal.out(`pinned: the vendor’s document ${pinned.slice(0, 12)} stays out until the vendor has another one`)
      terminal.out(`let it in again: halyard rollback ${environment} --unpin`)
    }
    return exitCodes.ok
  },
}

function show(generations: unknown, environment: string, { out, error, paint }: Terminal): number {
  if (!Array.isArray(generations) || generations.length === 0) {
    error(`${environment}: no store holds a document`)
    return exitCodes.failed
  }
  const rows = generations.map((each: object): readonly string[] => {
    const fields = new Map<string, unknown>(Object.entries(each))
    const text = (member: string): string => {
      const value = fields.get(member)
      return typeof value === 'string' || typeof value === 'number' ? String(value) : '-'
    }
    const stores = fields.get('stores')
    return [
      text('order'),
      text('revision'),
      text('sha256').slice(0, 12),
      text('flags'),
      new Date(Number(fields.get('receivedAt'))).toISOString(),
      Array.isArray(stores) ? stores.join('+') : '',
      fields.get('served') === true ? 'served' : '',
    ]
  })
  const head = ['VERSION', 'REVISION', 'SHA256', 'FLAGS', 'RECEIVED', 'KEPT IN', '']
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  out(paint('bold', line(head)))
  for (const row of rows) out(line(row))
  return exitCodes.ok
}
