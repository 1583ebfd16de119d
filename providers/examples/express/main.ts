/** `node main.ts`: starts with whatever flags there are, and leaves in order when told to. */
import { OpenFeature } from '@openfeature/server-sdk'
import { HalyardProvider } from '@halyard/openfeature-server'
import { diskStore } from '@halyard/openfeature-server/disk'
import { createApp } from './app.ts'

const {
  HALYARD_URL = 'http://127.0.0.1:8080',
  HALYARD_KEY,
  PORT = '3000',
  SNAPSHOT = 'flags.snapshot.json',
} = process.env
const provider = new HalyardProvider({
  url: HALYARD_URL,
  ...(HALYARD_KEY === undefined ? undefined : { key: HALYARD_KEY }),
  store: diskStore(SNAPSHOT),
  exposures: true,
})

// Without a relay the shop opens all the same, with the defaults in the code.
await OpenFeature.setProviderAndWait(provider).catch((error: Error) => console.warn(`no flags yet: ${error.message}`))

const server = createApp(provider).listen(Number(PORT), '127.0.0.1', () => {
  const address = server.address()
  console.log(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : PORT}`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => void OpenFeature.close())
    server.closeIdleConnections()
  })
}
