/** The hash that the vendor's SDK itself uses, so that tests find the edges of rollouts without ours. */
import { createRequire } from 'node:module'

const sdk = createRequire(createRequire(import.meta.url).resolve('unleash-client'))
const { x86 } = sdk('murmurhash3js') as { readonly x86: { hash32(text: string, seed: number): number } }

/** MurmurHash3 over the low byte of each UTF-16 unit, unsigned. */
export function vendorHash(text: string, seed: number): number {
  return x86.hash32(text, seed)
}
