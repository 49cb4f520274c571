// The path of a Unix socket has some hundred bytes. A data folder with a longer one is as good as any
// other: commands reach its broker, and without one they say so.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { amqpOnly } from '../support/amqp-only.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

interface Said {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function listPolicies(folder: ScratchFolder, data: string): Promise<Said> {
  await using program = BrokerProgram.run(folder, ['policy', 'list', '--data', data])
  const { code } = await program.ended()
  return { code, stdout: program.stdout, stderr: program.stderr }
}

test('commands reach the broker of a data folder with a long path, and say when there is none', async () => {
  using folder = new ScratchFolder()
  const data = folder.file(path.join('x'.repeat(100), 'y'.repeat(100)))
  const expectNone = async (): Promise<void> => {
    const { code, stderr } = await listPolicies(folder, data)
    assert.equal(code, 69)
    assert.ok(
      stderr.startsWith(
        `pabal: no broker runs on data folder '${data}': start one, or name its folder with --data`,
      ),
      stderr,
    )
  }
  await expectNone()
  {
    const readyFile = folder.file('ready.json')
    const args = ['--data', data, '--ready-file', readyFile, ...amqpOnly]
    await using broker = BrokerProgram.run(folder, args)
    await broker.ready(readyFile)
    assert.deepEqual(await listPolicies(folder, data), {
      code: 0,
      stdout: '',
      stderr: 'There are no policies\n',
    })
    broker.child.kill('SIGTERM')
    await broker.ended()
    assert.doesNotMatch(broker.stderr, /socket/)
  }
  await expectNone()
})

test('a broker without room for its socket says at the start what to do, and so do commands', async () => {
  using folder = new ScratchFolder()
  const [data, temporary] = [folder.file('x'.repeat(120)), folder.file('t'.repeat(120))]
  mkdirSync(temporary)
  const readyFile = folder.file('ready.json')
  const args = ['--data', data, '--ready-file', readyFile, ...amqpOnly]
  await using broker = BrokerProgram.run(folder, args, { TMPDIR: temporary })
  await broker.ready(readyFile)
  assert.match(
    broker.stderr,
    /There is no local socket .*\\"pabal policy\\" and its like cannot reach this broker.*: use a shorter --data or TMPDIR/,
  )
  assert.doesNotMatch(broker.stderr, /stack/)
  const { code, stderr } = await listPolicies(folder, data)
  assert.equal(code, 69)
  assert.match(
    stderr,
    /no broker runs on .*; if one does, its log says why it has no local socket\n$/,
  )
})
