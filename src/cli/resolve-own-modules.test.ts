import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

const entry = './own/a.ts'

/** Runs `main.mjs`, which imports `./own/a.ts` with own modules in `own`; what it printed. */
function runWith(files: Readonly<Record<string, string>>): { stdout: string; stderr: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'pabal-resolve-'))
  try {
    for (const name of ['own', 'other', 'node_modules/lib']) {
      mkdirSync(path.join(folder, name), { recursive: true })
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
    symlinkSync(path.join(folder, 'other/real.mjs'), path.join(folder, 'other/link.mjs'))
    const main = path.join(folder, 'main.mjs')
    const own = new URL('./resolve-own-modules.ts', import.meta.url).href
    writeFileSync(
      main,
      `import { resolveOwnModules } from '${own}'
       resolveOwnModules(new URL('own/', '${pathToFileURL(main).href}'))
       console.log((await import('${entry}')).text)`,
    )
    return spawnSync(process.execPath, [main], { encoding: 'utf8', timeout: 20_000 })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const importing = (name: string, from: string): string => `import { ${name} } from '${from}'`

test('own modules, packages, and files elsewhere are found', () => {
  const a = [
    importing('b', './b.ts'),
    importing('lib', 'lib'),
    importing('sep', 'node:path'),
    importing('real', '../other/start.mjs'),
    'export const text: string = [b, lib, sep, real].join()',
  ]
  const { stdout, stderr } = runWith({
    'own/a.ts': a.join('\n'),
    'own/b.ts': `export const b: string = 'b'`,
    'other/start.mjs': `${importing('real', './link.mjs')}; export { real }`,
    'other/real.mjs': `export const real = import.meta.url.split('/').at(-1)`,
    'node_modules/lib/package.json': `{ "type": "module", "exports": "./lib.js" }`,
    'node_modules/lib/lib.js': `export const lib = 'lib'`,
  })
  assert.equal(stdout, 'b,lib,/,real.mjs\n', stderr)
})

test('an own module that is missing is named', () => {
  const { stderr } = runWith({ 'own/a.ts': importing('gone', './gone.ts'), 'other/real.mjs': '' })
  assert.match(stderr, /own\/gone\.ts/)
})
