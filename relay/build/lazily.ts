/**
 * Packages that a bundle loads when they are first used: a relay without a Redis need not read half a megabyte of clients
 * for one, and one that starts while its vendor is down answers before it has what to ask the vendor with. What is
 * imported from them must be functions or classes.
 */
import type { Plugin } from 'esbuild'

const NAMESPACE = 'lazily'

/** `exported` are the names that our modules import of a package; another one is an error of the build. */
export function lazily(exported: Readonly<Record<string, readonly string[]>>): Plugin {
  const packages = new Map(Object.entries(exported))
  return {
    name: 'lazily',
    setup(bundling): void {
      bundling.onResolve({ filter: /^[^./]/ }, ({ path, kind, importer, namespace }) => {
        const ours = kind === 'import-statement' && namespace === 'file' && !importer.includes('node_modules')
        return ours && packages.has(path) ? { path, namespace: NAMESPACE, pluginData: importer } : undefined
      })
      bundling.onLoad({ filter: /./, namespace: NAMESPACE }, ({ path }) => ({
        contents: standIn(path, packages.get(path) ?? []),
        loader: 'js',
      }))
    },
  }
}

/** The bundler makes `require` of what it bundles a call that evaluates it once. */
function standIn(name: string, exported: readonly string[]): string {
  return [
    `const load = () => require(${JSON.stringify(name)})`,
    `const lazily = (name) => new Proxy(function () {}, {
      construct: (_, given) => Reflect.construct(load()[name], given),
      apply: (_, self, given) => Reflect.apply(load()[name], self, given),
      get: (_, key) => load()[name][key],
    })`,
    ...exported.map((name) => `export const ${name} = /* @__PURE__ */ lazily(${JSON.stringify(name)})`),
  ].join('\n')
}
