import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { wholeProgram } from './command-line.ts'
import { commandTree } from './command-tree.ts'
import { completionScript, type Shell } from './completion-script.ts'

const tree = commandTree(await wholeProgram())

function hasShell(shell: Shell): boolean {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0
}

const onlyWith = (shell: Shell): { skip: string | false } => ({
  skip: hasShell(shell) ? false : `there is no ${shell} here`,
})

/** What bash offers for the last word of `line`. */
function offered(line: string): string[] {
  const words = line.split(' ')
  const script = [
    completionScript(tree, 'bash'),
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})`,
    `COMP_CWORD=${words.length - 1}`,
    '_pabal',
    String.raw`printf '%s\n' "\${COMPREPLY[@]}"`.replace(String.raw`\$`, '$'),
  ].join('\n')
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
  assert.equal(stderr, '')
  return stdout.split('\n').filter((word) => word !== '')
}

test('bash completes commands, the words after them and their options', onlyWith('bash'), () => {
  assert.deepEqual(offered('pabal que'), ['queue'])
  assert.deepEqual(offered('pabal queue rew'), ['rewind'])
  assert.deepEqual(offered('pabal queue l').toSorted(), ['list', 'ls'])
  assert.deepEqual(offered('pabal queue ls --vh'), ['--vhost'])
  assert.deepEqual(offered('pabal --data x queue browse orders --fro'), ['--from'])
  assert.deepEqual(offered('pabal completion --h'), ['--help'])
})

test(
  'bash completes the forms of output, and no command in the place of a value',
  onlyWith('bash'),
  () => {
    assert.deepEqual(offered('pabal queue list -o n'), ['ndjson', 'name'])
    assert.deepEqual(offered('pabal queue browse x --from '), [])
    assert.deepEqual(offered('pabal queue list --vhost queue --outp'), ['--output'])
  },
)

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  test(`the script for ${shell} is one that it can read`, onlyWith(shell), () => {
    using script = fileOf(shell)
    const { status, stderr } = spawnSync(shell, ['-n', script.path])
    assert.equal(status, 0, String(stderr))
  })
}

test('fish completes commands, the words after them and their options', onlyWith('fish'), () => {
  using script = fileOf('fish')
  const offeredFor = (line: string): string[] => {
    const { stdout } = spawnSync('fish', ['-c', `source ${script.path}; complete -C '${line}'`], {
      encoding: 'utf8',
      env: { ...process.env, HOME: script.folder },
    })
    return stdout.split('\n').flatMap((each) => each.split('\t')[0] || [])
  }
  assert.deepEqual(offeredFor('pabal que'), ['queue'])
  assert.deepEqual(offeredFor('pabal queue rew'), ['rewind'])
  assert.deepEqual(offeredFor('pabal queue ls --vh'), ['--vhost'])
  assert.deepEqual(offeredFor('pabal queue list -o n').toSorted(), ['name', 'ndjson'])
})

interface ScriptFile extends Disposable {
  readonly folder: string
  readonly path: string
}

function fileOf(shell: Shell): ScriptFile {
  const folder = mkdtempSync(path.join(tmpdir(), 'pabal-completion-'))
  const file = path.join(folder, 'script')
  writeFileSync(file, completionScript(tree, shell))
  return { folder, path: file, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

test('scripts have every command and option', () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const script = completionScript(tree, shell)
    for (const word of ['rewind', 'clear-topic', 'operator', 'password-file', 'amqp-port']) {
      assert.ok(script.includes(word), `${shell}: ${word}`)
    }
  }
})
