/**
 * A shop in React: a component that reads a flag renders again when that flag changes, and no other component does. The
 * provider names exactly the flags that changed, and the SDK's hooks ask for no more than that.
 */
import { useBooleanFlagValue, useStringFlagDetails } from '@openfeature/react-sdk'
import type { ReactElement } from 'react'
import { useRenderCount } from './renders.ts'

export function Shop(): ReactElement {
  useRenderCount('Shop')
  return (
    <main>
      <Banner />
      <Buy />
      <Basket />
    </main>
  )
}

function Banner(): ReactElement | null {
  useRenderCount('Banner')
  return useBooleanFlagValue('banner', false) ? <p id="banner">Free shipping this week</p> : null
}

function Buy(): ReactElement {
  useRenderCount('Buy')
  const { value, variant } = useStringFlagDetails('button-color', 'grey')
  return (
    <button id="buy" style={{ background: value }} data-variant={variant}>
      Buy
    </button>
  )
}

function Basket(): ReactElement {
  useRenderCount('Basket')
  return <p>Your basket is empty</p>
}
