/** flagd's sync service on the ecosystem's own gRPC server, with messages written out by their numbers. */
import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js'
import { decodeString } from '../protobuf.ts'

export interface SyncRequest {
  readonly providerId: string
  readonly selector: string
  /** Metadata. */
  readonly header: string | undefined
  readonly authorization: string | undefined
}

type Stream = ServerWritableStream<Buffer, string>

export class SyncService {
  readonly streams: Set<Stream> = new Set()
  readonly requests: SyncRequest[] = []
  /** Calls of FetchAllFlags. */
  fetched = 0
  /** Ends new streams with this status instead. */
  refuse: number | undefined
  port = 0
  #document = ''
  readonly #server = new Server({ 'grpc.max_send_message_length': -1 })

  static async start(credentials: ServerCredentials = ServerCredentials.createInsecure()): Promise<SyncService> {
    const service = new SyncService()
    const common = {
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: answer,
      responseDeserialize: (bytes: Buffer) => bytes.toString('utf8'),
      requestStream: false,
    }
    const path = '/flagd.sync.v1.FlagSyncService'
    service.#server.addService(
      {
        SyncFlags: { ...common, path: `${path}/SyncFlags`, responseStream: true },
        FetchAllFlags: { ...common, path: `${path}/FetchAllFlags`, responseStream: false },
      },
      {
        SyncFlags: (call: Stream) => service.#sync(call),
        FetchAllFlags: (call: ServerUnaryCall<Buffer, string>, done: sendUnaryData<string>) =>
          service.#fetch(call, done),
      },
    )
    service.port = await new Promise<number>((resolve, reject) => {
      service.#server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
        if (error === null) resolve(port)
        else reject(error)
      })
    })
    return service
  }

  serve(document: string): void {
    this.#document = document
    for (const stream of this.streams) stream.write(document)
  }

  #note(call: Stream | ServerUnaryCall<Buffer, string>): void {
    const [header] = call.metadata.get('flagd-selector')
    const [authorization] = call.metadata.get('authorization')
    this.requests.push({
      providerId: decodeString(call.request, 1),
      selector: decodeString(call.request, 2),
      header: header?.toString(),
      authorization: authorization?.toString(),
    })
  }

  #sync(call: Stream): void {
    this.#note(call)
    call.on('error', () => undefined)
    if (this.refuse !== undefined) {
      call.emit('error', { code: this.refuse, details: 'refused' })
      return
    }
    this.streams.add(call)
    call.once('close', () => this.streams.delete(call))
    call.once('cancelled', () => this.streams.delete(call))
    if (this.#document !== '') call.write(this.#document)
  }

  #fetch(call: ServerUnaryCall<Buffer, string>, done: sendUnaryData<string>): void {
    this.#note(call)
    this.fetched++
    if (this.#document === '') done({ code: status.UNAVAILABLE, details: 'not yet' })
    else done(null, this.#document)
  }

  /** As when a process is killed. */
  close(): Promise<void> {
    this.#server.forceShutdown()
    return Promise.resolve()
  }
}

/** `{1: text, 2: a Struct that stands for the daemon's context}`. */
function answer(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  const context = Buffer.from([0x12, 0x05, 0x0a, 0x03, 0x0a, 0x01, 0x61])
  return Buffer.concat([context, Buffer.from([0x0a, ...varint(bytes.length)]), bytes])
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}
