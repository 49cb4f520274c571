// What is installed, and CI itself, has scripts in shell, which nothing else checks.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

const repository = path.join(import.meta.dirname, '../..')

function isShellScript(file: string): boolean {
  return /^#!\/bin\/sh\n|^#!\/usr\/bin\/env bash\n/.test(readFileSync(file, 'latin1'))
}

test('ShellCheck has nothing to say about scripts in shell', (t) => {
  if (spawnSync('shellcheck', ['--version']).error !== undefined) return t.skip('no ShellCheck')
  const files = globSync(['.ci/*', 'deploy/**'], { cwd: repository, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name))
    .filter(isShellScript)
  assert.ok(files.length >= 8, files.join(' '))
  const { status, stdout } = spawnSync('shellcheck', files, { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})
