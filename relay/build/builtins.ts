/**
 * Node's own modules for a bundle, without what nobody asked of them. An `import` of one reads every name that it exports,
 * and some of those are whole libraries loaded when first read: importing `node:http` loads Node's fetch for the sake of
 * one unused name, which is half the time and 16 MB of a server that does nothing else.
 */
import { isBuiltin } from 'node:module'
import type { Plugin } from 'esbuild'

const NAMESPACE = 'builtin'

export const builtinsByNeed: Plugin = {
  name: 'builtins by need',
  setup(bundling): void {
    // Packages of older make `require` theirs, which reads no names.
    bundling.onResolve({ filter: /./ }, ({ path, kind }) =>
      kind === 'import-statement' && isBuiltin(path) ? { path, namespace: NAMESPACE, sideEffects: false } : undefined,
    )
    bundling.onLoad({ filter: /./, namespace: NAMESPACE }, ({ path }) => ({ contents: facadeOf(path), loader: 'js' }))
  },
}

/** A module with the same exports, of which the bundler keeps those that are used. */
function facadeOf(module: string): string {
  // Names only: reading the values here would load what they stand for, and warn of deprecated ones.
  const names = Object.keys(process.getBuiltinModule(module) ?? {}).filter((name) => name !== 'default')
  return [
    `const builtin = process.getBuiltinModule(${JSON.stringify(module)})`,
    'const own = (name) => builtin[name]',
    ...names.map((name, index) => `const own${index} = /* @__PURE__ */ own(${JSON.stringify(name)})`),
    `export { ${names.map((name, index) => `own${index} as ${JSON.stringify(name)}`).join(', ')} }`,
    'export default builtin',
  ].join('\n')
}
