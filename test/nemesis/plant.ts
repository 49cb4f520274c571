// Preloaded into a node (node --import) to plant the mistake that NEMESIS_BUG names: the source is changed as it
// is loaded. Nothing in the program knows of it.
import { registerHooks } from 'node:module'
import { bugs } from './bugs.ts'

const name = process.env['NEMESIS_BUG'] ?? ''
const bug = bugs[name]
if (bug === undefined) throw new Error(`there is no bug "${name}"`)
const { changes } = bug

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const mine = changes.filter(({ file }) => url.endsWith(`/src/${file}`))
    if (mine.length === 0) return loaded
    let source = Buffer.from(loaded.source as Uint8Array | string as string).toString()
    for (const { file, from, to } of mine) {
      if (!source.includes(from)) throw new Error(`${file} has no "${from}" to plant "${name}" at`)
      source = source.replace(from, () => to)
    }
    return { ...loaded, source }
  },
})
