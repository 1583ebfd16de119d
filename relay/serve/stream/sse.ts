/**
 * Server-sent events as bytes. Everything that goes out on a stream is built here: a line break that slipped into a
 * field would let one event end another.
 */
import { Buffer } from 'node:buffer'
import type { HttpReply } from '../http-message.ts'

/** Heartbeat: a comment, which clients ignore. */
export const HEARTBEAT: Buffer = Buffer.from(':\n\n')

/** Headers of every stream: no cache, compressing proxy or buffering proxy may hold it back. */
export const STREAM_HEADERS: readonly string[] = [
  'Content-Type',
  'text/event-stream; charset=utf-8',
  'Cache-Control',
  'no-cache, no-transform',
  'X-Accel-Buffering',
  'no',
]

const LINE_BREAK = /[\r\n]/g

/** One event. Line breaks in `data`, which JSON has between tokens only, become spaces. */
export function eventText(name: string | undefined, id: string, data: string): string {
  const line = data.includes('\n') || data.includes('\r') ? data.replace(LINE_BREAK, ' ') : data
  return `${name === undefined ? '' : `event: ${name}\n`}id: ${id}\ndata: ${line}\n\n`
}

/** How long to wait before connecting again, whole ms; an event's worth of its own, so that it counts at once. */
export function retryText(ms: number): string {
  return `retry: ${Math.round(ms)}\n\n`
}

/** The reply that only says what a stream would have begun with; for HEAD. */
export const streamHead: HttpReply = { status: 200, headers: STREAM_HEADERS }
