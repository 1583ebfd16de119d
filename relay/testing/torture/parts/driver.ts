/**
 * Requests at a steady rate, whatever becomes of the answers: an open loop, because clients do not wait for each other.
 * A driver that slowed down with the relay would hide exactly the outages it is there to find.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Random } from '../../../serve/testing/random.ts'
import { LATEST_MS } from './checker.ts'
import type { Checker } from './checker.ts'
import { ENVIRONMENT, readBulk, readSingle } from './documents.ts'
import type { Person } from './documents.ts'
import { MessageReader, statusOf } from './http-reader.ts'
import type { Message } from './http-reader.ts'
import type { Stalls } from './stalls.ts'

export interface DriverOptions {
  /** Requests per second. */
  readonly rate: number
  /** Where they go, in turn; one is usual: the balancer. The name is that of the replica, where no header tells it. */
  readonly targets: readonly { readonly port: number; readonly name: string }[]
  readonly random: Random
  readonly checker: Checker
  readonly stalls: Stalls
  /** Most connections at once. Default 256. */
  readonly connections?: number
  /** Share of bulk requests. Default 0.3. */
  readonly bulk?: number
}

type Question =
  | { readonly kind: 'single'; readonly key: 'marker' | 'plan'; readonly person: Person }
  | { readonly kind: 'bulk'; readonly person: Person; readonly known?: Known }

/** The tag of an answer, what it was for, and the document it came from. */
interface Known {
  readonly tag: string
  readonly person: Person
  readonly n: number
}

interface Asked {
  readonly question: Question
  readonly due: number
  readonly stalled: number
  readonly floors: ReadonlyMap<string, number>
}

interface Line {
  readonly target: { readonly port: number; readonly name: string }
  readonly socket: Socket
  readonly reader: MessageReader
  asked: Asked | undefined
  known: Known | undefined
}

const TICK_MS = 5
/** A connection without an answer for this long is given up, ms. */
const GIVEN_UP_MS = 5_000

export class Driver {
  /** Milliseconds of each answer of the present phase. */
  latencies: number[] = []
  sent = 0
  readonly #options: DriverOptions
  readonly #idle: Line[] = []
  readonly #lines = new Set<Line>()
  readonly #waiting: { question: Question; due: number }[] = []
  #began = 0
  #turn = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: DriverOptions) {
    this.#options = options
  }

  start(): void {
    this.#began = performance.now()
    this.sent = 0
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  /** Begins a new phase; the 99th percentile of the one before, ms. */
  phase(): number {
    const sorted = this.latencies.sort((a, b) => a - b)
    this.latencies = []
    return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
  }

  /** Sends no more and waits for what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    const deadline = performance.now() + GIVEN_UP_MS
    while (performance.now() < deadline && (this.#waiting.length > 0 || [...this.#lines].some(({ asked }) => asked))) {
      this.#drain()
      await new Promise((resolve) => {
        setTimeout(resolve, 10)
      })
    }
    for (const line of this.#lines) {
      if (line.asked !== undefined) this.#options.checker.fault('lost', 'no answer at the end of the run')
      line.asked = undefined
      line.socket.destroy()
    }
  }

  #tick(): void {
    const { rate } = this.#options
    const now = performance.now()
    const wanted = Math.floor(((now - this.#began) / 1_000) * rate)
    for (; this.sent < wanted; this.sent += 1) {
      // After a stall of our own the missed requests are sent at once, and judged by when they are sent.
      const due = Math.max(this.#began + (this.sent / rate) * 1_000, now - TICK_MS * 2)
      this.#waiting.push({ question: this.#question(), due })
    }
    this.#drain()
    for (const line of this.#lines) {
      if (line.asked !== undefined && now - line.asked.due > GIVEN_UP_MS) line.socket.destroy()
    }
  }

  #question(): Question {
    const { random, bulk = 0.3 } = this.#options
    const person: Person = { targetingKey: `u${random.below(1_000)}`, plan: random.chance(0.5) ? 'pro' : 'free' }
    if (random.chance(bulk)) return { kind: 'bulk', person }
    return { kind: 'single', key: random.chance(0.5) ? 'marker' : 'plan', person }
  }

  #drain(): void {
    while (this.#waiting.length > 0) {
      const line = this.#idle.pop() ?? this.#open()
      if (line === undefined) return
      const next = this.#waiting.shift()
      if (next !== undefined) this.#ask(line, next.question, next.due)
    }
  }

  #open(): Line | undefined {
    const { targets, connections = 256 } = this.#options
    if (this.#lines.size >= connections) return undefined
    this.#turn += 1
    const target = targets[this.#turn % targets.length]
    if (target === undefined) throw new Error('a driver needs a target')
    const socket = connect({ port: target.port, host: '127.0.0.1', noDelay: true })
    const line: Line = { target, socket, reader: new MessageReader(), asked: undefined, known: undefined }
    this.#lines.add(line)
    let why = 'closed'
    socket.on('error', (error: NodeJS.ErrnoException) => (why = error.code ?? error.message))
    socket.once('close', () => {
      this.#lines.delete(line)
      const at = this.#idle.indexOf(line)
      if (at !== -1) this.#idle.splice(at, 1)
      if (line.asked !== undefined) this.#options.checker.fault('lost', `${target.name}: ${why}`)
    })
    socket.on('data', (piece: Buffer) => this.#read(line, piece))
    return line
  }

  #ask(line: Line, question: Question, due: number): void {
    const { random, checker, stalls } = this.#options
    const { person } = question
    // Sometimes with the tag of an answer to the other kind of caller: a 304 to that would be a wrong answer.
    const known = question.kind === 'bulk' && random.chance(0.5) ? line.known : undefined
    line.asked = {
      question: known === undefined ? question : { kind: 'bulk', person, known },
      due,
      stalled: stalls.total,
      floors: checker.floors(),
    }
    const path = question.kind === 'single' ? `/${question.key}` : ''
    const body = `{"context":{"targetingKey":"${person.targetingKey}","plan":"${person.plan}"}}`
    const condition = known === undefined ? '' : `If-None-Match: ${known.tag}\r\n`
    line.socket.write(
      `POST /ofrep/v1/evaluate/flags${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n` +
        `X-Halyard-Environment: ${ENVIRONMENT}\r\n${condition}Content-Length: ${body.length}\r\n\r\n${body}`,
    )
  }

  #read(line: Line, piece: Buffer): void {
    const { checker } = this.#options
    let message: Message | undefined
    try {
      message = line.reader.push(piece)
    } catch (error) {
      checker.fault('status', `${line.target.name}: ${String(error)}`)
      line.asked = undefined
      line.socket.destroy()
      return
    }
    if (message === undefined) return
    const { asked } = line
    line.asked = undefined
    if (asked === undefined) checker.fault('status', `an answer nobody asked for: ${message.startLine}`)
    else this.#judge(line, asked, message)
    if (message.headers.get('connection')?.toLowerCase() === 'close') line.socket.destroy()
    else this.#idle.push(line)
    this.#drain()
  }

  #judge(line: Line, asked: Asked, message: Message): void {
    const { checker, stalls } = this.#options
    const { question, due, stalled, floors } = asked
    checker.answers += 1
    // What waited in our own event loop is not charged to the relay.
    const took = Math.max(0, performance.now() - due - (stalls.total - stalled))
    this.latencies.push(took)
    if (took > LATEST_MS) checker.fault('late', `${Math.round(took)} ms`)
    const replica = message.headers.get('x-backend') ?? line.target.name
    const revision = message.headers.get('x-halyard-revision') ?? ''
    const status = statusOf(message)
    if (status === 304 && question.kind === 'bulk' && question.known !== undefined) {
      const { person, n } = question.known
      const current = checker.documentOf(revision)
      if (person.plan !== question.person.plan || (current !== undefined && current !== n)) {
        checker.fault('not-modified', `document ${n} for ${person.plan}, asked as ${question.person.plan}`)
      } else checker.version(replica, n, revision, floors)
      return
    }
    if (status !== 200) {
      checker.fault('status', `${replica}: ${message.startLine} ${message.body.toString().slice(0, 120)}`)
      return
    }
    const body = message.body.toString()
    const n =
      question.kind === 'bulk' ? readBulk(body, question.person) : readSingle(question.key, body, question.person)
    if (typeof n === 'string') {
      checker.fault('value', `${replica}: ${n}`)
      return
    }
    checker.version(replica, n, revision, floors)
    const tag = message.headers.get('etag')
    if (question.kind === 'bulk' && tag !== undefined) line.known = { tag, person: question.person, n }
  }
}
