// Whether the documentation in dist/docs is what its sources make: every start asks, so it has to be quick. Plain
// JavaScript for Node 18, because it runs before the pinned Node is there.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const stampFile = path.join(root, 'node_modules', '.cache', 'pabal-docs')
const folder = path.join(root, 'dist', 'docs')

export const docsBuild = { root, folder, stampFile }

/** What dist/docs must have been built from. */
export function wantedDocsStamp() {
  const hash = createHash('sha256')
  const own = ['package.json', 'scripts/build-docs.ts', 'ui/style/tokens.css']
  const pages = [...filesIn('.', /^[A-Z]+\.md$/, false), ...filesIn('examples', /^README\.md$/)]
  for (const file of [...own, ...pages, ...filesIn('docs', /./), ...filesIn('scripts/docs', /./)]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update('\0')
  }
  return `${hash.digest('hex')}\n`
}

/** Whether nothing has to be built. A package has no sources, only what was built. */
export function areDocsBuilt() {
  if (!existsSync(path.join(root, 'docs', 'site.yaml'))) return true
  if (!existsSync(path.join(root, 'scripts', 'build-docs.ts'))) return true
  if (!existsSync(path.join(folder, 'index.html')) || !existsSync(stampFile)) return false
  return readFileSync(stampFile, 'utf8') === wantedDocsStamp()
}

function filesIn(place, name, isDeep = true) {
  return readdirSync(path.join(root, place), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = `${place}/${entry.name}`
      if (entry.isDirectory()) return isDeep ? filesIn(file, name) : []
      return name.test(entry.name) ? [file] : []
    })
}
