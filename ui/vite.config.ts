// How the UI is built: into dist/ui, from where the broker serves it.
import path from 'node:path'
import { defineConfig, type UserConfig } from 'vite'

const root: string = import.meta.dirname

const config: UserConfig = defineConfig({
  root,
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
