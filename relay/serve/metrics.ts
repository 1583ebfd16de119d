/** `GET /metrics`: whatever the metrics registry says, in its own text format. */
import type { HttpReply } from './http-message.ts'

export interface MetricsSource {
  readonly contentType: string
  text(): Promise<string>
}

export async function metrics(source: MetricsSource): Promise<HttpReply> {
  const body = await source.text()
  return { status: 200, headers: ['Content-Type', source.contentType, 'Cache-Control', 'no-store'], body }
}
