/**
 * A flag document from a file, for the commands that look at one without a relay. Which vendor wrote it is found by
 * letting every dialect read it: whoever can answer most of its flags is meant, and a draw is a question to the caller.
 */
import { readFile } from 'node:fs/promises'
import { compile, dialectNames, DocumentError } from '@halyard/engine'
import type { Compiled } from '@halyard/engine'
import { parseDocument } from 'yaml'
import { Failure, UsageError } from './command.ts'
import type { Option } from './command.ts'

export interface DocumentChoice {
  /** Undefined: guess. */
  readonly dialect: string | undefined
  readonly options: Readonly<Record<string, unknown>>
}

export interface CompiledFile extends Compiled {
  readonly dialect: string
}

/** The options of every command that reads a document. */
export const documentOptions: Readonly<Record<string, Option>> = {
  dialect: {
    type: 'string',
    short: 'd',
    value: 'NAME',
    help: `One of ${dialectNames.join(', ')}. Guessed when absent.`,
  },
  option: {
    type: 'string',
    short: 'o',
    multiple: true,
    value: 'NAME=VALUE',
    help: 'An option of the dialect, such as profile=node-1.3. Repeatable.',
  },
}

/** `--option name=value`; values are JSON where they can be, else text. Throws UsageError. */
export function readOptions(pairs: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new UsageError(`--option needs NAME=VALUE, not ${JSON.stringify(pair)}`)
      const text = pair.slice(at + 1)
      try {
        return [pair.slice(0, at), JSON.parse(text) as unknown]
      } catch {
        return [pair.slice(0, at), text]
      }
    }),
  )
}

/** The text of a file. Throws Failure with a reason for people. */
export async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ENOENT') throw new Failure(`${path} does not exist`)
    if (code === 'EISDIR') throw new Failure(`${path} is a folder, not a file`)
    if (code === 'EACCES') throw new Failure(`${path} may not be read by this user`)
    throw new Failure(`${path} cannot be read: ${error instanceof Error ? error.message : code}`)
  }
}

export function isYaml(path: string): boolean {
  return /\.ya?ml$/i.test(path)
}

/** Compiles a document. Throws Failure when none of it can be used, or when nobody can tell whose it is. */
export function compileText(path: string, text: string, choice: DocumentChoice): CompiledFile {
  const document = isYaml(path) ? jsonOf(path, text) : text
  if (choice.dialect !== undefined) return compileAs(choice.dialect, path, document, choice.options)
  const candidates = dialectNames.flatMap((dialect) => {
    try {
      const found = compile({ dialect, document, options: choice.options })
      return [{ dialect, ...found, fit: fitOf(found) }]
    } catch {
      return []
    }
  })
  candidates.sort((a, b) => b.fit - a.fit)
  const [best, second] = candidates
  if (best === undefined) {
    if (!isJson(document))
      throw new Failure(`${path} is neither a flag document nor JSON${isYaml(path) ? ' or YAML' : ''}`)
    throw new Failure(
      `${path} is no document of a known dialect; say --dialect to learn why not (${dialectNames.join(', ')})`,
    )
  }
  if (second !== undefined && second.fit === best.fit) {
    const names = candidates.filter((one) => one.fit === best.fit).map((one) => one.dialect)
    throw new Failure(`${path} could be of several dialects (${names.join(', ')}): say which with --dialect`)
  }
  return best
}

function compileAs(
  dialect: string,
  path: string,
  document: string,
  options: Readonly<Record<string, unknown>>,
): CompiledFile {
  if (!dialectNames.includes(dialect)) {
    throw new UsageError(`there is no dialect ${JSON.stringify(dialect)}; known: ${dialectNames.join(', ')}`)
  }
  try {
    return { dialect, ...compile({ dialect, document, options }) }
  } catch (error) {
    if (error instanceof DocumentError) throw new Failure(`${path} is no usable ${dialect} document: ${error.message}`)
    throw error
  }
}

/**
 * How well a dialect fits: the flags it can use, and those among them that have a value for somebody. The second tells
 * apart dialects that leave out what they do not find from the one that finds it.
 */
function fitOf({ ruleset, problems }: Compiled): number {
  const usable = ruleset.keys.length - problems.filter(({ severity }) => severity === 'error').length
  return usable + ruleset.evaluateAll({ targetingKey: 'somebody' }).filter(({ value }) => value !== undefined).length
}

function jsonOf(path: string, text: string): string {
  const document = parseDocument(text, { merge: true })
  const [error] = document.errors
  if (error !== undefined) throw new Failure(`${path} is not valid YAML: ${error.message}`)
  return JSON.stringify(document.toJS({ maxAliasCount: 100 }) ?? null)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
