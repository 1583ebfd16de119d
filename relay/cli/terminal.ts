/**
 * What a command may know of the world: where it writes, whether colours arrive there, the environment. Commands take it
 * as an argument, so that a test reads exactly what a person would see.
 */
import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan'

export interface Terminal {
  /** Results, on stdout. */
  readonly out: (line: string) => void
  /** Everything about them that is no result, on stderr. */
  readonly error: (line: string) => void
  /** Colours the text where they arrive; elsewhere returns it as it is. */
  readonly paint: (style: Style, text: string) => string
  readonly variables: Readonly<Record<string, string | undefined>>
}

/** The process's own. Colours only on a terminal that has them, and never with NO_COLOR. */
export function processTerminal(): Terminal {
  const colours = process.stdout.isTTY && process.stdout.hasColors() && (process.env['NO_COLOR'] ?? '') === ''
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    error: (line) => void process.stderr.write(`${line}\n`),
    paint: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
    variables: process.env,
  }
}

/** Exit codes of every command. */
export const exitCodes = {
  ok: 0,
  /** Problems were found, or something failed while running. */
  failed: 1,
  /** The command line itself cannot be understood. */
  usage: 2,
} as const
