/** The relay from sources and, if the build passes, compiled as in the image. */
import { compileRelay } from '../targets/compiled.ts'
import { SOURCE_MAIN } from '../targets/relay.ts'
import type { Session } from './scenario.ts'

export interface Runtime {
  readonly name: 'compiled' | 'sources'
  readonly main: string
  /** For Node, before the entry file. */
  readonly flags: readonly string[]
}

export async function withRuntimes<T>(
  { say }: Session,
  run: (runtimes: readonly Runtime[], notes: readonly string[]) => Promise<T>,
): Promise<T> {
  const sources: Runtime = { name: 'sources', main: SOURCE_MAIN, flags: [] }
  say('compiling the relay')
  let compiled: ReturnType<typeof compileRelay>
  try {
    compiled = compileRelay()
  } catch (error) {
    const note = `the compiled relay did not take part: ${error instanceof Error ? error.message : String(error)}`
    say(note)
    return await run([sources], [note])
  }
  try {
    return await run([{ name: 'compiled', main: compiled.main, flags: compiled.flags }, sources], [])
  } finally {
    compiled.remove()
  }
}
