/** Vitest: tests sit beside the code as `*.test.ts`; every suite is deterministic and safe to run in parallel. */
import { defineConfig } from 'vitest/config'
import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['{relay,providers,loadtest,config}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // What comes in its own time is waited for: a busy machine is no fault.
    expect: { poll: { timeout: 10_000 } },
  },
})
export default config
