#!/usr/bin/env node
/** The process entry of `halyard`. Everything happens in cli/; this only connects it to the process. */
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { runCli } from './cli/cli.ts'
import { processTerminal } from './cli/terminal.ts'

// Made with the image, by a start of it; see decision 0009. Whoever has none must not get one beside their sources.
const compiled = join(import.meta.dirname, 'compiled')
if (existsSync(compiled)) enableCompileCache({ directory: compiled, portable: true })

// `halyard check … | head` closes the pipe early, which is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
const code = await runCli(process.argv.slice(2), processTerminal())
// Everything has been stopped by now; what an exporter or a socket still holds must not keep a drained pod alive.
process.stdout.write('', () => process.exit(code))
