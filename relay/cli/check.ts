/**
 * `halyard check`: everything wrong with a flag document or a configuration, before a relay meets it. Made for pull
 * requests: each problem has its flag and path, and errors make the exit code 1.
 */
import { readSettings } from '../../config/loading.ts'
import { dirname, relative, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { namesAt } from '../../config/tree.ts'
import { vendors } from '../vendors/index.ts'
import { Failure, UsageError } from './command.ts'
import type { Command } from './command.ts'
import { compileText, documentOptions, isYaml, readOptions, readText } from './document.ts'
import type { DocumentChoice } from './document.ts'
import { configRow, documentRow, printRows, summary } from './problem-lines.ts'
import { exitCodes } from './terminal.ts'
import type { Terminal } from './terminal.ts'

export const check: Command = {
  name: 'check',
  usage: ['FILE… [--dialect NAME] [--option NAME=VALUE]…'],
  details: [
    'FILE is a flag document (JSON, or YAML) or a relay configuration, whose document files are checked too.',
    'An error quarantines its flag, or keeps the relay from starting; a warning does neither. Errors make the exit code 1.',
  ].join('\n'),
  options: documentOptions,
  run: async (given, terminal) => {
    if (given.positionals.length === 0) throw new UsageError('check needs a FILE')
    const choice = { dialect: given.text('dialect'), options: readOptions(given.texts('option')) }
    let failed = false
    for (const path of given.positionals) failed = !(await checkFile(path, choice, terminal)) || failed
    return failed ? exitCodes.failed : exitCodes.ok
  },
}

/** True when nothing is an error. A file that cannot be used is told and does not keep the others from being checked. */
async function checkFile(path: string, choice: DocumentChoice, terminal: Terminal): Promise<boolean> {
  try {
    const text = await readText(path)
    return choice.dialect === undefined && isConfiguration(path, text)
      ? await checkConfiguration(path, text, terminal)
      : checkDocument(path, text, choice, terminal)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    terminal.out(`${terminal.paint('bold', path)}: unusable`)
    printRows([{ severity: 'error', place: '', message: error.message }], terminal)
    return false
  }
}

function checkDocument(path: string, text: string, choice: DocumentChoice, terminal: Terminal): boolean {
  const { dialect, ruleset, problems } = compileText(path, text, choice)
  const rows = problems.map(documentRow)
  terminal.out(`${terminal.paint('bold', path)} (${dialect}): ${ruleset.keys.length} flags, ${summary(rows)}`)
  printRows(rows, terminal)
  return !problems.some(({ severity }) => severity === 'error')
}

async function checkConfiguration(path: string, text: string, terminal: Terminal): Promise<boolean> {
  const tools = { variables: terminal.variables, vendors, now: Date.now() }
  const { settings, problems } = readSettings(text, dirname(resolve(path)), tools)
  const rows = problems.map(configRow)
  const served =
    settings === undefined
      ? ''
      : `${settings.environments.size === 1 ? '1 environment' : `${settings.environments.size} environments`}, `
  terminal.out(`${terminal.paint('bold', path)} (configuration): ${served}${summary(rows)}`)
  printRows(rows, terminal)
  let fine = settings !== undefined
  for (const { upstream } of settings?.environments.values() ?? []) {
    const { file, vendor, options = {} } = upstream
    if (file === undefined) continue
    // The vendor is known here, or the settings would not be there.
    const choice = { dialect: vendors.get(vendor)?.dialect, options }
    fine = (await checkFile(relative('', file), choice, terminal)) && fine
  }
  return fine
}

/** A YAML mapping of environments, or of nothing but our own names; broken YAML when it has a line that opens one. */
function isConfiguration(path: string, text: string): boolean {
  if (!isYaml(path)) return false
  const document = parseDocument(text)
  if (document.errors.length > 0) return /^environments:/m.test(text)
  const value: unknown = document.toJS({ maxAliasCount: 100 })
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const names = Object.keys(value)
  return names.includes('environments') || (names.length > 0 && names.every((name) => namesAt([]).includes(name)))
}
