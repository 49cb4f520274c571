// Definitions as people import and export them: with the command, and at the start. Clients find what a file
// asks for, a restart keeps it, and what comes out of one broker makes another.
import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, it } from 'node:test'
import { connect } from 'amqplib'
import { BrokerProgram, ScratchFolder } from '../../process/broker-program.ts'
import { TestBroker } from '../../support/start-test-broker.ts'

const vectorFile = path.join(import.meta.dirname, '../../vectors/rabbitmq-4.2-definitions.json')

const folder = new ScratchFolder()
let broker: TestBroker
before(async () => {
  broker = await TestBroker.start()
})
after(async () => {
  await broker[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

/** `pabal definitions …` on a broker: what it says, and how it ends when that is not well. */
async function run(of: TestBroker, ...args: string[]): Promise<string> {
  const command = ['definitions', ...args, '--data', of.dataFolder]
  await using program = BrokerProgram.run(folder, command)
  const { code } = await program.ended()
  return code === 0 ? program.stdout.trim() : `${code}: ${program.stderr.trim()}`
}

it('a file is checked and imported, and clients find what it asks for', async () => {
  const checked = await run(broker, 'import', vectorFile, '--check')
  assert.match(checked, /^to add\s+to change\s+same\s+differs\s+ignored\nvirtual host\s+1 /)
  assert.match(checked, /\nadd\s+queue\s+orders\/eu\s+lines "\/" ü\n/)
  assert.match(checked, /Nothing was changed\. Without --check it is done\.$/)
  assert.match(await run(broker, 'import', vectorFile), /\nqueue\s+3\s+0\s+0\s+0\s+0\n/)
  assert.match(await run(broker, 'import', vectorFile), /\nqueue\s+0\s+0\s+3\s+0\s+0\n/)
  const connection = await connect(broker.url)
  const channel = await connection.createConfirmChannel()
  channel.publish('dlx', '', Buffer.from('m'))
  channel.publish('amq.topic', 'a.b', Buffer.from('n'))
  await channel.waitForConfirms()
  assert.equal((await channel.checkQueue('work')).messageCount, 2)
  await connection.close()
})

it('one virtual host goes out and into another', async () => {
  const file = folder.file('orders.json')
  const said = await run(broker, 'export', file, '--vhost', 'orders/eu')
  assert.match(said, /^Definitions were written to .*orders\.json$/)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const told = await run(broker, 'import', file, '--vhost', '/')
  assert.match(told, /\nexchange\s+1\s+0\s+0\s+0\s+0\n/)
  assert.match(await run(broker, 'import', file), /^64: .*no vhost: a file of one virtual host/)
  assert.match(await run(broker, 'export', '--vhost', 'no'), /^66: .*there is no virtual host 'no'/)
  assert.match(await run(broker, 'import', file, '--vhost', 'no'), /^66: .*no virtual host 'no'/)
})

it('what came in is there after a restart, and makes another broker at its start', async () => {
  const before = await run(broker, 'export')
  await broker.stop()
  await broker.restart()
  assert.equal(await run(broker, 'export'), before)
  const file = folder.file('all.json')
  const said = await run(broker, 'export', file)
  assert.match(said, /^Definitions were written to .*all\.json; it has the hashes of passwords/)
  await using other = await TestBroker.start(['--definitions', file])
  assert.match(other.output, /Definitions of .*all\.json: \d+ added, 1 changed/)
  const lists = (text: string): unknown => {
    const { original_cluster_name: _, explanation: _explanation, ...all } = JSON.parse(text)
    return all
  }
  const exported = await run(other, 'export')
  assert.deepEqual(lists(exported), lists(before))
  await other.stop()
  await other.restart()
  assert.match(other.output, /Definitions of .*all\.json: 0 added, 0 changed/)
  assert.equal(await run(other, 'export'), exported)
})

it('warnings of a start say what a file does not get', async () => {
  const file = folder.file('odd.json')
  writeFileSync(file, JSON.stringify({ exchanges: [{ vhost: '/', name: 'x', type: 'x-odd' }] }))
  const checked = await run(broker, 'import', file, '--check')
  assert.match(checked, /\nignored +exchange +\/ +x\n {2}unknown exchange type/)
  await using other = await TestBroker.start(['--definitions', file])
  assert.match(other.output, /exchange x in virtual host '\/' is ignored: unknown exchange type/)
})

it('what is no such file is refused, and said where', async () => {
  const file = folder.file('bad.json')
  writeFileSync(file, '{"queues":[{"vhost":"/","name":5}]}')
  const said = await run(broker, 'import', file)
  assert.match(
    said,
    /^64: pabal: .*bad\.json: nothing was imported: queues\[0\]\.name should be text/,
  )
  assert.match(
    await run(broker, 'import', folder.file('no.json')),
    /^66: .*cannot read definitions/,
  )
  assert.match(await run(broker, 'export', folder.file('no/all.json')), /^73: .*cannot write/)
  assert.match(await run(broker), /^64: .*followed by export or import/)
})
