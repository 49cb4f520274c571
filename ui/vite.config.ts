// How the UI is built: into dist/ui, from where the broker serves it.
import path from 'node:path'
import { defineConfig, type UserConfig } from 'vite'

const root: string = import.meta.dirname

// While one works on it (`npm run ui`): pages by Vite, values from a broker that runs.
const broker: string = process.env['PABAL_URL'] ?? 'http://127.0.0.1:15672'

const config: UserConfig = defineConfig({
  root,
  server: { host: '127.0.0.1', proxy: { '/api': broker } },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: path.join(root, '../dist/ui'),
    emptyOutDir: true,
    target: 'es2022',
    // A data: URL would need a wider policy of what pages may load.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
})

// oxlint-disable-next-line import/no-default-export -- Vite asks for one
export default config
