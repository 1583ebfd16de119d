/**
 * The entry of a worker process. Signals are the primary's business: a terminal or an init system sends them to every
 * process at once, and a worker that obeyed would be gone before its requests were drained.
 */
import { setFlagsFromString } from 'node:v8'
import { pino } from 'pino'
import { systemTimers } from '../upstream/clock.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { WorkerProcess } from './worker.ts'

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})

// As the primary does.
setFlagsFromString('--heap-growing-percent=30')
const log = pino({ base: { worker: process.pid } }, pino.destination({ fd: 2, sync: true }))
const tell = (message: FromWorker): void => void process.send?.(message)
// What was told last must still be written out.
const end = (code: number): void => void setTimeout(() => process.exit(code), 20)
const worker = new WorkerProcess({ log, timers: systemTimers, tell, end })

process.on('message', (message: ToWorker) => {
  worker.hear(message).catch((error: unknown) => {
    log.error({ err: error }, 'the worker ends because of a defect')
    process.exit(1)
  })
})
// Without its primary it would serve what nobody updates.
process.on('disconnect', () => process.exit(1))
tell({ kind: 'hello' })
