// `pabal verify` and `pabal repair` as a person runs them: on a running, a sound and a damaged folder.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import amqp from 'amqplib'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

const messageCount = 200
const bodySize = 1000

interface Run {
  readonly code: number | null
  readonly text: string
}

async function run(folder: ScratchFolder, ...args: readonly string[]): Promise<Run> {
  await using program = BrokerProgram.run(folder, [...args, '--data', folder.file('data')])
  const { code } = await program.ended()
  return { code, text: program.stdout + program.stderr }
}

/** A broker on the folder with confirmed messages in it. */
async function fill(folder: ScratchFolder): Promise<BrokerProgram> {
  const readyFile = folder.file('ready')
  const ports = ['--amqp-port', '0', '--http-port', 'off', '--kafka-port', 'off']
  const files = ['--data', folder.file('data'), '--ready-file', readyFile]
  const program = BrokerProgram.run(folder, [...files, ...ports])
  const { amqp: address } = (await program.ready(readyFile)) as unknown as {
    amqp: { host: string; port: number }
  }
  const connection = await amqp.connect(`amqp://${address.host}:${address.port}`)
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue('kept', { durable: true })
  for (let index = 0; index < messageCount; index++) {
    channel.sendToQueue('kept', Buffer.alloc(bodySize, index), { persistent: true })
    if (index % 10 === 0) await channel.waitForConfirms()
  }
  await channel.waitForConfirms()
  await connection.close()
  return program
}

/** Flips a bit in the middle of the largest file of the log. */
function damage(folder: ScratchFolder): void {
  const wal = path.join(folder.file('data'), 'wal')
  const files = readdirSync(wal).map((name) => path.join(wal, name))
  const largest = files.toSorted((a, b) => statSync(b).size - statSync(a).size)[0] as string
  const bytes = readFileSync(largest)
  const middle = Math.floor((messageCount * bodySize) / 2)
  bytes.writeUInt8((bytes[middle] as number) ^ 1, middle)
  writeFileSync(largest, bytes)
}

test('verify refuses a running broker, passes a stopped one, and finds what repair mends', async () => {
  using folder = new ScratchFolder()
  {
    await using program = await fill(folder)
    const running = await run(folder, 'verify')
    assert.equal(running.code, 75, running.text)
    program.child.kill('SIGTERM')
    await program.ended()
  }
  const sound = await run(folder, 'verify')
  assert.equal(sound.code, 0, sound.text)
  assert.match(sound.text, /200 records/)
  damage(folder)
  const damaged = await run(folder, 'verify')
  assert.equal(damaged.code, 65, damaged.text)
  assert.match(damaged.text, /damage: .*\.log, byte \d+/)
  const dry = await run(folder, 'repair', '--dry-run')
  assert.match(dry.text, /Nothing was changed/)
  assert.equal((await run(folder, 'verify')).code, 65)
  const repaired = await run(folder, 'repair')
  assert.equal(repaired.code, 0, repaired.text)
  assert.match(repaired.text, /lost: /)
  const again = await run(folder, 'verify')
  assert.equal(again.code, 0, again.text)
})
