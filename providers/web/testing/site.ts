/** A web site on a free port: pages whose scripts are bundled from TypeScript the way an application would bundle them. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'

export interface Site {
  readonly origin: string
  readonly close: () => Promise<void>
}

/** Serves `/` with the script `entry`, and `/framed`, which shows `/` in a frame that has no origin. */
export async function serveSite(entry: string): Promise<Site> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  })
  const script = outputFiles[0]?.text ?? ''
  const page = `<!doctype html><meta charset="utf-8"><title>shop</title><div id="root"></div><script type="module">${script.replaceAll('</script', '<\\/script')}</script>`
  const framed = '<!doctype html><title>frame</title><iframe sandbox="allow-scripts" src="/"></iframe>'
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    const body = path === '/' ? page : path === '/framed' ? framed : undefined
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' }).end(body)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      return new Promise((done) => void server.close(() => done()))
    },
  }
}
