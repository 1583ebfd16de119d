/** Runs a module as a process of its own and waits for the one message that it sends. */
import { fork } from 'node:child_process'

/** `place` puts a command where it belongs, for example on a core. Rejects with the last lines of its stderr. */
export function forked(
  module: string,
  question: unknown,
  place: (command: readonly string[]) => readonly string[],
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const [program = process.execPath, ...args] = place([process.execPath])
    const child = fork(module, [JSON.stringify(question)], {
      // `taskset … node` takes node's place as the program.
      execPath: program,
      execArgv: args,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let complaint = ''
    child.stderr?.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)))
    child.once('message', resolve)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`ended with code ${code}\n${complaint}`)))
  })
}
