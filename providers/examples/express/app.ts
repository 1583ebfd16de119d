/**
 * A shop behind Express: who asks is put into the evaluation context once per request, and flags are read where they are
 * needed. Flags change while it runs; nothing here has to know.
 */
import { AsyncLocalStorageTransactionContextPropagator, OpenFeature } from '@openfeature/server-sdk'
import express from 'express'
import type { Express } from 'express'
import type { HalyardProvider } from '@halyard/openfeature-server'

/** The application; `provider` is set as the SDK's by whoever calls. */
export function createApp(provider: HalyardProvider): Express {
  OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator())
  const flags = OpenFeature.getClient()
  const app = express()

  app.use((request, _, next) => {
    const { 'x-user': user = 'anonymous', 'x-email': email = '' } = request.headers
    OpenFeature.setTransactionContext({ targetingKey: String(user), email: String(email) }, () => next())
  })

  app.get('/', async (_, response) => {
    const [title, beta] = await Promise.all([
      flags.getStringValue('title', 'Shop'),
      flags.getBooleanValue('beta', false),
    ])
    response.json({ title, beta })
  })

  app.post('/checkout', (_, response) => {
    flags.track('checkout', { value: 9.5 })
    response.status(202).end()
  })

  app.get('/healthz', (_, response) => {
    const { state, revision, ageMs, lastError } = provider.health()
    response.status(state === 'ready' || state === 'stale' ? 200 : 503).json({ state, revision, ageMs, lastError })
  })

  return app
}
