/**
 * A command as data: the same description reads its arguments, writes its help and words its complaints, so that help
 * can never promise an option that does not exist.
 */
import { parseArgs } from 'node:util'
import type { ParseArgsOptionsConfig } from 'node:util'
import { nearest } from '../../config/nearest.ts'
import type { Terminal } from './terminal.ts'

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** Stands for the value in help, such as `FILE`. */
  readonly value?: string
  readonly help: string
}

export interface Command {
  readonly name: string
  /** What follows `halyard name`, one line per way to call it. */
  readonly usage: readonly string[]
  readonly details: string
  readonly options: Readonly<Record<string, Option>>
  /** The exit code. May throw UsageError, or Failure with a message fit for people. */
  run(given: Given, terminal: Terminal): Promise<number>
}

/** The command line is wrong; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command could not do its work, for a reason that people can act on; exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure'
}

/** Arguments as given, read by name and kind. */
export class Given {
  readonly positionals: readonly string[]
  readonly #values: Readonly<Record<string, unknown>>

  constructor(positionals: readonly string[], values: Readonly<Record<string, unknown>>) {
    this.positionals = positionals
    this.#values = values
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  text(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' ? value : undefined
  }

  texts(name: string): readonly string[] {
    const value = this.#values[name]
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
  }
}

const COMMON: Readonly<Record<string, Option>> = { help: { type: 'boolean', short: 'h', help: 'Show this help.' } }

/** Reads the arguments of a command. Throws UsageError. */
export function readArguments(command: Command, args: readonly string[]): Given {
  const options = { ...COMMON, ...command.options }
  const config: ParseArgsOptionsConfig = {}
  for (const [name, { type, short, multiple = false }] of Object.entries(options)) {
    config[name] = { type, multiple, ...(short === undefined ? undefined : { short }) }
  }
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: config, allowPositionals: true })
    return new Given(positionals, values)
  } catch (error) {
    throw new UsageError(complaint(error, args, Object.keys(options)))
  }
}

function complaint(error: unknown, args: readonly string[], names: readonly string[]): string {
  const text = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error)
  if (!text.startsWith('Unknown option')) return text
  const given = args
    .map((arg) => /^--([^=]+)/.exec(arg)?.[1])
    .find((name) => name !== undefined && !names.includes(name))
  const near = given === undefined ? undefined : nearest(given, names)
  return near === undefined ? text : `${text}; did you mean --${near}?`
}

/** How to call a command and what its options are. */
export function helpOf(command: Command, { paint }: Terminal): string {
  const rows = Object.entries({ ...command.options, ...COMMON }).map(([name, { short, value, help }]) => {
    const left = `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
    return [left, help] as const
  })
  const width = Math.max(...rows.map(([left]) => left.length))
  return [
    paint('bold', 'Usage'),
    ...command.usage.map((line) => `  halyard ${command.name} ${line}`.trimEnd()),
    '',
    command.details,
    '',
    paint('bold', 'Options'),
    ...rows.map(([left, help]) => `  ${paint('cyan', left.padEnd(width))}  ${help}`),
  ].join('\n')
}
