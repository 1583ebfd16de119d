/** Starts the shop with the flags of the relay that the page's address names: `?relay=https://flags.example.com&key=…`. */
import { OpenFeature, OpenFeatureProvider } from '@openfeature/react-sdk'
import { HalyardWebProvider } from '@halyard/openfeature-web'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Shop } from './app.tsx'

const query = new URLSearchParams(location.search)
const provider = new HalyardWebProvider({
  url: query.get('relay') ?? 'http://127.0.0.1:8080',
  ...(query.has('key') && { key: query.get('key') ?? '' }),
})
OpenFeature.setProvider(provider, { targetingKey: query.get('user') ?? 'anonymous' })

const root = document.getElementById('root')
if (root !== null) {
  const shop = (
    <OpenFeatureProvider suspendUntilReady suspendWhileReconciling>
      <Shop />
    </OpenFeatureProvider>
  )
  createRoot(root).render(<StrictMode>{shop}</StrictMode>)
}
