// Builds the UI into dist/ui, unless it is there as its sources make it, with a smaller form of each file beside
// it for clients that take it so. A broker that runs serves the old build until the new one is complete.
//   npm run build:ui
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { oneAtATime } from './one-at-a-time.mjs'
import { isUiBuilt, uiBuild, wantedUiStamp } from './ui-stamp.mjs'

const { root, folder, stampFile } = uiBuild
const lockFile = path.join(root, '.cache', 'ui.lock')
const fresh = path.join(root, 'dist', '.ui-new')
const old = path.join(root, 'dist', '.ui-old')

/** Smaller ones fit into a packet as they are. */
const compressedSizeMin = 1024
const compressible = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest'])

async function build() {
  if (isUiBuilt()) return
  process.stderr.write('pabal: building the web pages (once after each change)\n')
  // Taken first: what changes meanwhile is built the next time.
  const stamp = wantedUiStamp()
  rmSync(fresh, { recursive: true, force: true })
  const vite = await import('vite')
  await vite.build({
    configFile: path.join(root, 'ui', 'vite.config.ts'),
    logLevel: 'silent',
    build: { outDir: fresh, emptyOutDir: true },
  })
  compressAll()
  rmSync(old, { recursive: true, force: true })
  if (existsSync(folder)) renameSync(folder, old)
  renameSync(fresh, folder)
  rmSync(old, { recursive: true, force: true })
  mkdirSync(path.dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, stamp)
}

function compressAll() {
  for (const entry of readdirSync(fresh, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !compressible.has(path.extname(entry.name))) continue
    const file = path.join(entry.parentPath, entry.name)
    const bytes = readFileSync(file)
    if (bytes.length < compressedSizeMin) continue
    const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY }
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
    writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: quality }))
  }
}

/** The first words of a message, which says on its next lines what and where. */
function oneLineOf(message) {
  const lines = stripVTControlCharacters(message).split('\n')
  const said = lines.map((line) => line.trim()).filter((line) => /\w/.test(line))
  return said.slice(0, 3).join(' ')
}

try {
  if (!isUiBuilt()) await oneAtATime(lockFile, 'another build of the web pages', build)
} catch (error) {
  const reason = oneLineOf(String(error.message ?? error))
  process.stderr.write(`pabal: the web pages could not be built: ${reason}\n`)
  process.exitCode = 1
}
