/**
 * The yardstick: nginx, one worker, answering every request with the recorded answer. What it costs to move these bytes
 * at all; no relay that evaluates anything will be cheaper.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findOrInstall } from './find-or-install.ts'
import type { Pinning } from './pinning.ts'
import { answers, freePort, startServer } from './process.ts'
import type { Answer, Target } from './target.ts'

/** nginx takes no parameter longer than 4096 bytes, escapes included. */
const PIECE = 1500

/** Rejects with advice when nginx is missing and cannot be installed. */
export async function startNginx(answer: Answer, path: string, pinning: Pinning): Promise<Target> {
  const program = await findOrInstall('nginx', 'nginx-light')
  const folder = mkdtempSync(join(tmpdir(), 'halyard-nginx-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, configurationOf(answer, port, folder))
  const server = await startServer({
    command: pinning.server([program, '-c', file, '-p', folder, '-e', join(folder, 'error.log')]),
    ready: () => answers(url + path, { method: 'POST', body: '{}' }, answer.status),
  })
  return {
    name: 'nginx constant',
    url,
    path,
    pid: server.pid,
    stop: async () => {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function configurationOf({ status, headers, body }: Answer, port: number, folder: string): string {
  const { 'content-type': type = 'application/octet-stream', ...others } = headers
  // nginx writes the ETag that `add_header` names beside one of its own only for files, which this is not.
  const fields = Object.entries(others).map(([name, value]) => `      add_header ${name} ${quoted(value)} always;`)
  const pieces = body.match(new RegExp(`[^]{1,${PIECE}}`, 'gu')) ?? []
  const parts = pieces.map((piece, index) => `      set $part${index} ${quoted(piece)};`)
  const whole = pieces.map((_, index) => `\${part${index}}`).join('')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  server_tokens off;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
  server {
    listen 127.0.0.1:${port};
    location / {
      default_type ${quoted(type)};
${[...fields, ...parts].join('\n')}
      return ${status}${status === 304 ? '' : ` "${whole}"`};
    }
  }
}
`
}

/** A text of nginx's configuration language. A dollar sign would begin a variable, and there is no escape for it. */
function quoted(text: string): string {
  if (text.includes('$')) throw new Error('nginx cannot serve a constant that holds a dollar sign')
  return `"${text.replaceAll('\\', String.raw`\\`).replaceAll('"', String.raw`\"`)}"`
}
