// A data folder that has lost its MANIFEST, as a person meets it: the start says what is missing and
// what to do, and doing it brings every message back.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { ScratchFolder } from './broker-program.ts'
import { filledBodies, FolderBroker, runCommand } from './filled-folder.ts'

for (const ending of ['kill', 'stop'] as const) {
  test(`a folder without MANIFEST is refused, damaged and had back after a ${ending}`, async () => {
    using folder = new ScratchFolder()
    {
      await using broker = await FolderBroker.start(folder)
      await broker.fill('kept', 50)
      await broker[ending]()
    }
    rmSync(folder.file('data/MANIFEST'))
    {
      await using refused = FolderBroker.run(folder)
      const { code } = await refused.ended()
      assert.equal(code, 65, refused.stderr)
      assert.match(
        refused.stderr,
        /^pabal: .*MANIFEST is missing .*pabal verify.*pabal repair.*\n$/,
      )
    }
    const verified = await runCommand(folder, 'verify')
    assert.equal(verified.code, 65, verified.text)
    assert.match(verified.text, /damage: .*MANIFEST is missing/)
    const repaired = await runCommand(folder, 'repair')
    assert.equal(repaired.code, 0, repaired.text)
    assert.doesNotMatch(repaired.text, /lost: /)
    assert.equal((await runCommand(folder, 'verify')).code, 0)
    await using broker = await FolderBroker.start(folder)
    assert.deepEqual(await broker.bodiesIn('kept'), filledBodies('kept', 50))
  })
}

test('verify and repair say of an empty folder that it is none of ours, and leave it empty', async () => {
  using folder = new ScratchFolder()
  mkdirSync(folder.file('data'))
  for (const command of ['verify', 'repair']) {
    const { code, text } = await runCommand(folder, command)
    assert.equal(code, 66, text)
  }
  assert.deepEqual(readdirSync(folder.file('data')), [])
})
