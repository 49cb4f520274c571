// `pabal verify` and `pabal repair` as a person runs them: on a running, a sound and a damaged folder.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import amqp from 'amqplib'
import { amqpOnly } from '../support/amqp-only.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

const messageCount = 200
const bodySize = 1000
/** Large enough for a file of its own. */
const largeBodySize = 2_000_000

interface Run {
  readonly code: number | null
  readonly text: string
}

async function run(folder: ScratchFolder, ...args: readonly string[]): Promise<Run> {
  await using program = BrokerProgram.run(folder, [...args, '--data', folder.file('data')])
  const { code } = await program.ended()
  return { code, text: program.stdout + program.stderr }
}

interface Started {
  readonly program: BrokerProgram
  readonly connection: amqp.ChannelModel
  readonly channel: amqp.ConfirmChannel
}

async function start(folder: ScratchFolder): Promise<Started> {
  const readyFile = folder.file('ready')
  const files = ['--data', folder.file('data'), '--ready-file', readyFile]
  const program = BrokerProgram.run(folder, [...files, ...amqpOnly])
  const { amqp: address } = (await program.ready(readyFile)) as unknown as {
    amqp: { host: string; port: number }
  }
  const connection = await amqp.connect(`amqp://${address.host}:${address.port}`)
  return { program, connection, channel: await connection.createConfirmChannel() }
}

async function stop({ program, connection }: Started): Promise<void> {
  await connection.close()
  program.child.kill('SIGTERM')
  await program.ended()
}

/** A broker on the folder with confirmed messages in it. */
async function fill(folder: ScratchFolder): Promise<BrokerProgram> {
  const { program, connection, channel } = await start(folder)
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

test('a lost large body is found by verify, left out of the count, and given up by repair', async () => {
  using folder = new ScratchFolder()
  const filled = await start(folder)
  await using _filled = filled.program
  await filled.channel.assertQueue('large', { durable: true })
  for (let number = 1; number <= 3; number++) {
    filled.channel.sendToQueue('large', Buffer.alloc(largeBodySize, number), { persistent: true })
    await filled.channel.waitForConfirms()
  }
  await stop(filled)
  assert.equal((await run(folder, 'verify')).code, 0)
  const bodies = path.join(folder.file('data'), 'aside')
  rmSync(path.join(bodies, readdirSync(bodies).toSorted()[1] as string))
  const damaged = await run(folder, 'verify')
  assert.equal(damaged.code, 65, damaged.text)
  assert.match(damaged.text, /0000000002\.body.*the body of the message .* is missing/)
  await countLarge(folder, (channel, log) => {
    assert.match(log, /0000000002\.body is missing/)
    return Promise.resolve(channel)
  })
  const repaired = await run(folder, 'repair')
  assert.match(repaired.text, /lost: .*0000000002\.body/)
  assert.equal((await run(folder, 'verify')).code, 0)
  await countLarge(folder, async (channel) => {
    const firsts: (number | undefined)[] = []
    for (let message = await channel.get('large'); message !== false;) {
      firsts.push(message.content[0])
      message = await channel.get('large')
    }
    assert.deepEqual(firsts, [1, 3])
  })
})

/** Starts a broker whose queue has lost one of three messages, and stops it. */
async function countLarge(
  folder: ScratchFolder,
  look: (channel: amqp.ConfirmChannel, log: string) => Promise<unknown>,
): Promise<void> {
  const started = await start(folder)
  await using program = started.program
  const { messageCount: count } = await started.channel.checkQueue('large')
  assert.equal(count, 2)
  await look(started.channel, program.stderr)
  await stop(started)
}
