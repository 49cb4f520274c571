// Builds the documentation as pages into dist/docs, from where the broker serves it at /docs/, unless it is there as
// its sources make it; or into the folder that is named. The same Markdown reads well on GitHub.
//   npm run build:docs
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { areDocsBuilt, docsBuild, wantedDocsStamp } from './docs-stamp.mjs'
import { framePage } from './docs/page-frame.ts'
import { renderPage } from './docs/render-page.ts'
import { searchRows } from './docs/search-index.ts'
import { missingFromOrder, readSite, readUnlisted, type SitePage } from './docs/site-order.ts'

const { root, folder, stampFile } = docsBuild
/** Smaller ones fit into a packet as they are. */
const compressedSizeMin = 1024

function build(target: string): void {
  const sections = readSite(root)
  const missing = missingFromOrder(root, sections)
  if (missing.length > 0) throw new Error(`not in docs/site.yaml: ${missing.join(', ')}`)
  const pages = [...sections.flatMap((section) => section.pages), ...readUnlisted(root)]
  const places = new Map(pages.map((page) => [page.file, page]))
  const { version } = JSON.parse(read('package.json')) as { readonly version: string }
  const write = (name: string, text: string): void => writeSmaller(path.join(target, name), text)
  for (const page of pages) {
    const { html, headings } = renderPage(page, places)
    write(page.url, framePage({ page, html, headings, sections, version: `Pabal ${version}` }))
  }
  write('search.json', JSON.stringify(pages.flatMap(searchRows)))
  // The sizes and colours are those of the UI.
  write('docs.css', `${read('ui/style/tokens.css')}\n${read('scripts/docs/site.css')}`)
  for (const name of ['docs.js', 'theme.js']) write(name, read(`scripts/docs/${name}`))
  write('icon.svg', read('ui/public/icon.svg'))
  for (const image of new Set(pages.flatMap(imagesOf))) {
    const place = path.join(target, path.relative('docs', image))
    mkdirSync(path.dirname(place), { recursive: true })
    copyFileSync(path.join(root, image), place)
  }
}

/** Files of pictures that a page shows; drawings stand in the page itself. */
function imagesOf({ file, markdown }: SitePage): string[] {
  const links = markdown.matchAll(/!\[[^\]]*\]\(([^)]+\.png)\)/g)
  return Array.from(links, ([, link = '']) => path.join(path.dirname(file), link))
}

function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8')
}

/** With smaller forms beside it, for clients that take it so. */
function writeSmaller(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  if (text.length < compressedSizeMin) return
  const params = { [constants.BROTLI_PARAM_QUALITY]: 8 }
  writeFileSync(`${file}.gz`, gzipSync(text))
  writeFileSync(`${file}.br`, brotliCompressSync(text, { params }))
}

/** A broker that runs serves the old one until the new one is complete. */
function buildOwn(): void {
  if (areDocsBuilt()) return
  // Taken first: what changes meanwhile is built the next time.
  const stamp = wantedDocsStamp()
  const fresh = `${folder}.${process.pid}`
  try {
    build(fresh)
    rmSync(folder, { recursive: true, force: true })
    renameSync(fresh, folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  mkdirSync(path.dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, stamp)
}

const [, , target] = process.argv
if (target === undefined) buildOwn()
else build(path.resolve(target))
