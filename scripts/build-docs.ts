// Builds the documentation as pages, from where the broker serves it at /docs/: dist/docs, or the folder that is
// named. The same Markdown reads well on GitHub.
//   npm run build:docs
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { framePage } from './docs/page-frame.ts'
import { renderPage } from './docs/render-page.ts'
import { searchRows } from './docs/search-index.ts'
import { missingFromOrder, readSite, readUnlisted } from './docs/site-order.ts'

const root: string = path.dirname(import.meta.dirname)
const target: string = path.resolve(process.argv[2] ?? path.join(root, 'dist/docs'))

const sections = readSite(root)
const missing = missingFromOrder(root, sections)
if (missing.length > 0) throw new Error(`not in docs/site.yaml: ${missing.join(', ')}`)
const pages = [...sections.flatMap((section) => section.pages), ...readUnlisted(root)]
const places = new Map(pages.map(({ file, url }) => [file, url]))
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  readonly version: string
}

rmSync(target, { recursive: true, force: true })
for (const page of pages) {
  const { html, headings } = renderPage(page, places)
  write(page.url, framePage({ page, html, headings, sections, version: `Pabal ${version}` }))
}
write('search.json', JSON.stringify(pages.flatMap(searchRows)))
// The sizes and colours are those of the UI.
const tokens = read('ui/style/tokens.css')
write('docs.css', `${tokens}\n${read('scripts/docs/site.css')}`)
for (const name of ['docs.js', 'theme.js']) write(name, read(`scripts/docs/${name}`))
write('icon.svg', read('ui/public/icon.svg'))
const images = path.join(root, 'docs/images')
if (existsSync(images)) cpSync(images, path.join(target, 'images'), { recursive: true })

function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8')
}

function write(name: string, text: string): void {
  const file = path.join(target, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}
