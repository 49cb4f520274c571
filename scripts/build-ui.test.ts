// The build of the UI in a clone of its own: when it builds, what it leaves, and what a mistake does.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'

const repository = path.dirname(import.meta.dirname)

let clone: string
beforeEach(() => {
  clone = mkdtempSync(path.join(tmpdir(), 'pabal-build-'))
  for (const folder of ['scripts', 'ui', 'node_modules/.cache', 'node_modules/.bin']) {
    mkdirSync(path.join(clone, folder), { recursive: true })
  }
  for (const name of ['setup', 'one-at-a-time', 'ui-stamp', 'docs-stamp', 'build-ui']) {
    const file = `scripts/${name}.mjs`
    copyFileSync(path.join(repository, file), path.join(clone, file))
  }
  copyFileSync(path.join(repository, 'package-lock.json'), path.join(clone, 'package-lock.json'))
  symlinkSync(path.join(repository, 'node_modules/vite'), path.join(clone, 'node_modules/vite'))
  symlinkSync(process.execPath, path.join(clone, 'node_modules/.bin/node'))
  write('ui/vite.config.ts', 'export default { root: import.meta.dirname }')
  write('ui/index.html', '<!doctype html><script type="module" src="/main.ts"></script>')
  write('ui/main.ts', `console.log(${JSON.stringify('many words '.repeat(200))})`)
})
afterEach(() => rmSync(clone, { recursive: true }))

function write(file: string, text: string): void {
  writeFileSync(path.join(clone, file), text)
}

function run(script: string, ...args: readonly string[]): [code: number | null, stderr: string] {
  const { status, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: clone,
    encoding: 'utf8',
  })
  return [status, stderr]
}

const building = 'pabal: building the web pages (once after each change)\n'

test('the UI is built when its sources have changed, with smaller forms beside its files', () => {
  assert.deepEqual(run('scripts/build-ui.mjs'), [0, building])
  const assets = path.join(clone, 'dist/ui/assets')
  const [script = ''] = readdirSync(assets).filter((name) => name.endsWith('.js'))
  const content = (ending: string): Buffer => readFileSync(path.join(assets, script + ending))
  assert.match(content('').toString(), /many words/)
  assert.deepEqual(gunzipSync(content('.gz')), content(''))
  assert.deepEqual(brotliDecompressSync(content('.br')), content(''))
  assert.deepEqual(readdirSync(path.join(clone, 'dist')), ['ui'])

  assert.deepEqual(run('scripts/build-ui.mjs'), [0, ''])
  write('ui/main.test.ts', 'a test')
  assert.deepEqual(run('scripts/build-ui.mjs'), [0, ''])
  write('ui/main.ts', 'console.log("other")')
  assert.deepEqual(run('scripts/build-ui.mjs'), [0, building])
  assert.deepEqual(
    readdirSync(assets).filter((name) => name.endsWith('.js')).length,
    1,
    'what the build before made is gone',
  )
  rmSync(path.join(clone, 'dist'), { recursive: true })
  assert.deepEqual(run('scripts/build-ui.mjs'), [0, building])
})

test('a mistake in the UI is told in one line, leaves the last build and stops no start', () => {
  assert.deepEqual(run('scripts/build-ui.mjs'), [0, building])
  write('ui/main.ts', 'import "./none.ts"')
  const [code, told] = run('scripts/build-ui.mjs')
  assert.equal(code, 1)
  assert.match(
    told,
    /^pabal: building .*\npabal: the web pages could not be built: .*none\.ts.*\n$/,
  )
  assert.ok(existsSync(path.join(clone, 'dist/ui/index.html')))
  // The set-up that comes first in every command finds everything installed.
  const stamp = spawnSync(process.execPath, ['--print', stampScript], {
    cwd: clone,
    encoding: 'utf8',
  })
  write('node_modules/.cache/pabal-setup', stamp.stdout)
  const [setUp, line] = run('scripts/setup.mjs', '--ui')
  assert.equal(setUp, 0)
  assert.match(line, /could not be built/)
  assert.deepEqual(run('scripts/setup.mjs'), [0, ''])
})

/** What `setup.mjs` writes when it has installed. */
const stampScript =
  "const lock = require('node:fs').readFileSync('package-lock.json'); `${require('node:crypto').createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}`"
