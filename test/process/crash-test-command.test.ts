import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { pabal } from '../support/pabal-command.ts'
import { waitFor } from '../support/wait-for.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

test('crash-test kills a broker, loses nothing and leaves nothing behind', async () => {
  using folder = new ScratchFolder()
  const size = ['--seconds', '1', '--rounds', '2', '--publishers', '2']
  const { code, out, talk } = await pabal([
    'crash-test',
    '--data',
    folder.path,
    ...size,
    '-o',
    'json',
  ])
  assert.equal(code, 0, talk.join('\n'))
  const row = JSON.parse(out.join('')) as Record<string, number>
  const { lost, doubled, outOfOrder, damaged } = row
  assert.deepEqual([lost, doubled, outOfOrder, damaged], [0, 0, 0, 0])
  assert.ok((row['confirmed'] ?? 0) > 0)
  assert.ok((row['kills'] ?? 0) >= 2)
  assert.ok((row['restartMs'] ?? 0) > 0)
  assert.deepEqual(readdirSync(folder.path), [])
})

test('a crash-test that is interrupted ends its broker and removes its folder', async () => {
  using folder = new ScratchFolder()
  const place = folder.file('place')
  mkdirSync(place)
  await using program = BrokerProgram.run(folder, ['crash-test', '--data', place])
  await waitFor('the broker is ready', () =>
    readdirSync(place).some((name) => existsSync(path.join(place, name, 'ready.json'))),
  )
  program.child.kill('SIGINT')
  assert.equal((await program.ended()).code, 75)
  assert.match(program.stderr, /stopped before the end/)
  assert.deepEqual(readdirSync(place), [])
})

test('crash-test says what it cannot do', async () => {
  const seconds = await pabal(['crash-test', '--seconds', '0'])
  assert.equal(seconds.code, 64)
  assert.match(seconds.talk.join(''), /--seconds cannot be '0': use a number from 1 to 3600/)
  const nowhere = await pabal(['crash-test', '--data', '/nonexistent/folder'])
  assert.equal(nowhere.code, 73)
})
