// Whether the UI in dist/ui is what its sources make: every start asks, so it has to be quick. Plain JavaScript
// for Node 18, because it runs before the pinned Node is there.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const stampFile = path.join(root, 'node_modules', '.cache', 'pabal-ui')

/** Where the UI is built to. */
const builtUi = path.join(root, 'dist', 'ui')

export const uiBuild = { root, folder: builtUi, stampFile }

/** What dist/ui must have been built from. */
export function wantedUiStamp() {
  const hash = createHash('sha256')
  const own = ['package-lock.json', 'scripts/build-ui.mjs']
  // The page of first steps shows programs of the documentation.
  for (const file of [...own, ...filesIn('docs/snippets'), ...filesIn('ui')]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update('\0')
  }
  return `${hash.digest('hex')}\n`
}

/** Whether nothing has to be built. A package has no sources, only what was built. */
export function isUiBuilt() {
  if (!existsSync(path.join(root, 'ui'))) return true
  if (!existsSync(path.join(builtUi, 'index.html')) || !existsSync(stampFile)) return false
  return readFileSync(stampFile, 'utf8') === wantedUiStamp()
}

function filesIn(folder) {
  if (!existsSync(path.join(root, folder))) return []
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = `${folder}/${entry.name}`
      if (entry.isDirectory()) return filesIn(file)
      return /\.test\.tsx?$/.test(entry.name) ? [] : [file]
    })
}
