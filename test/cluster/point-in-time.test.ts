// A cluster whose PostgreSQL is restored to an earlier moment, by the commands of docs/cluster.md, on the same bucket:
// what was confirmed before that moment is there, and nothing of the time that was given up is written over.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { parseObjectAddress } from '../../src/log/cluster/objects/object-address.ts'
import { writerOf } from '../../src/log/cluster/objects/object-key.ts'
import { openS3Objects } from '../../src/log/cluster/objects/s3-objects.ts'
import { decodeManifest } from '../../src/log/file/manifest.ts'
import { S3Double } from '../../src/s3-double/s3-double.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { PostgresServer } from '../support/postgres/postgres-server.ts'
import { runPabal } from '../support/run-pabal.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

const takeoverMs = 40_000
const page: string = readFileSync(join(import.meta.dirname, '../../docs/cluster.md'), 'utf8')
/** A large body is an object of its own as soon as it is confirmed. */
const padding: string = ' '.repeat(1_100_000)

describe('a cluster whose PostgreSQL is restored', { skip: postgresMissing() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pabal-restored-'))
  const backup = join(folder, 'backup')
  let postgres: PostgresServer
  let restored: PostgresServer
  let objects: S3Double
  let node: TestBroker

  before(async () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'test'
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test'
    mkdirSync(join(backup, 'wal'), { recursive: true })
    // PostgreSQL's user passes through, and writes there.
    chmodSync(folder, 0o755)
    for (const each of [backup, join(backup, 'wal')]) chmodSync(each, 0o777)
    const archiving = Object.fromEntries(
      adapted(blockOf('ini'))
        .trim()
        .split('\n')
        .map((line) => /^(\w+) = '?(.*?)'?$/.exec(line)?.slice(1, 3) ?? []),
    ) as Record<string, string>
    assert.equal(archiving['archive_mode'], 'on')
    postgres = await PostgresServer.start({ fsync: 'on', ...archiving })
    const s3 = { clock: systemClock, random: systemRandom }
    objects = await S3Double.open({ folder: join(folder, 's3'), ...s3 })
  })

  after(async () => {
    await node?.[Symbol.asyncDispose]()
    await objects?.close()
    await postgres?.[Symbol.asyncDispose]()
    await restored?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Commands of the page, for the places of this test. */
  function adapted(text: string, moment = ''): string {
    return text
      .replaceAll('/backup', backup)
      .replaceAll('/var/lib/postgresql/restored', restored?.folder ?? '')
      .replace('2026-11-30 12:00:00+00', moment)
  }

  const address = (): string => `s3://bucket/restored?endpoint=${encodeURIComponent(objects.url)}`
  const place = (server: PostgresServer): string[] => [
    '--cluster',
    server.address,
    '--objects',
    address(),
  ]
  const ports = ['--node-port', '0']
  const start = (server: PostgresServer): Promise<TestBroker> =>
    TestBroker.start([...place(server), '--node-name', 'n1', ...ports], [], takeoverMs)

  /** Keys of the cell's files with their sizes and the store's times. */
  async function keys(): Promise<Map<string, string>> {
    const store = await openS3Objects({
      address: parseObjectAddress(address()),
      clock: systemClock,
      random: systemRandom,
    })
    const { objects: found } = await store.list('c0/')
    store.close()
    const files = found.filter(({ key }) => writerOf(key) !== undefined)
    return new Map(files.map(({ key, size, modifiedAt }) => [key, `${size} ${modifiedAt}`]))
  }

  const highest = (found: Iterable<string>): number =>
    Math.max(...Array.from(found, (key) => writerOf(key)?.epoch ?? 0))

  test('it has all that was confirmed before, and goes on above what it has forgotten', async () => {
    node = await start(postgres)
    await publish(node, 0, 20)
    await postgres.script(adapted(blockOf('sh', 'pg_basebackup')))
    await publish(node, 20, 40)
    const moment = await postgres.run('SELECT clock_timestamp()')
    // The time that is given up: other messages, owners and objects, and acks of what was there before.
    await publish(node, 40, 60)
    for (let times = 0; times < 2; times++) {
      await node.stop()
      await node[Symbol.asyncDispose]()
      node = await start(postgres)
      assert.equal((await drain(node, 10)).length, 10)
      await publish(node, 60, 65)
    }
    await node.kill()
    await node[Symbol.asyncDispose]()
    const wal = await postgres.run('SELECT pg_walfile_name(pg_switch_wal())')
    await waitFor('all is archived', async () => {
      const last = await postgres.run('SELECT last_archived_wal FROM pg_stat_archiver')
      return last >= wal
    })
    await postgres.kill()
    const given = await keys()

    restored = await PostgresServer.place({ fsync: 'on' })
    await restored.script(adapted(blockOf('sh', 'recovery.signal'), moment))
    await restored.startAgain()
    await waitFor(
      'it has its moment',
      async () => (await restored.run('SELECT pg_is_in_recovery()')) === 'f',
    )
    const known = Number(await restored.run('SELECT epoch FROM pabal.cells WHERE cell = 0'))
    assert.ok(known < highest(given.keys()), 'the database has forgotten epochs')

    node = await start(restored)
    await publish(node, 100, 110)
    await node.stop()
    assert.match(node.output, /cell 0 has objects of epoch \d+, and PostgreSQL knows of \d+/)
    const now = await keys()
    for (const [key, facts] of given) assert.equal(now.get(key), facts, `${key} is as it was`)
    const added = [...now.keys()].filter((key) => !given.has(key))
    assert.ok(added.length > 0)
    for (const key of added) {
      assert.ok((writerOf(key)?.epoch ?? 0) > highest(given.keys()), `${key} is of a new epoch`)
    }

    const exported = join(folder, 'exported')
    const what = ['cluster', 'export', '--data', exported, '--cell', '0']
    const out = await runPabal([...what, ...place(restored)])
    assert.equal(out.code, 0, out.stderr)
    assert.doesNotMatch(out.stderr, /knows of/)
    const verified = await runPabal(['verify', '--data', exported])
    assert.equal(verified.code, 0, verified.stdout)
    const manifest = decodeManifest(readFileSync(join(exported, 'MANIFEST')))
    assert.ok((manifest?.restoredEpoch ?? 0) > 100_000_000, 'epochs of leaders have risen')

    await node.restart(takeoverMs)
    // It is told once, and by the first that takes the cell.
    assert.equal(node.output.match(/cell 0 has objects of epoch/g)?.length, 1)
    assert.deepEqual(await drain(node, 1000), [...numbers(0, 40), ...numbers(100, 110)])
    await node[Symbol.asyncDispose]()
  })
})

/** The block of the page's section in a language that has a word in it. */
function blockOf(language: string, word = ''): string {
  const section = /\n## Backup and restore\n([^]*?)\n## /.exec(page)?.[1] ?? ''
  const blocks = Array.from(section.matchAll(/```(\w+)\n([^]*?)```/g), ([, name, text]) => ({
    name,
    text: text ?? '',
  }))
  const found = blocks.find(({ name, text }) => name === language && text.includes(word))
  assert.ok(found, `docs/cluster.md says how, with ${word}`)
  return found.text
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

/** Every tenth is large. */
async function publish(broker: TestBroker, from: number, to: number): Promise<void> {
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.confirmChannel()
  await channel.assertQueue('tasks', { durable: true })
  for (const n of numbers(from, to)) {
    const text = n % 10 === 0 ? `${n}${padding}` : String(n)
    channel.sendToQueue('tasks', Buffer.from(text), { persistent: true })
  }
  await channel.waitForConfirms()
}

async function drain(broker: TestBroker, countMax: number): Promise<number[]> {
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.channel()
  const taken: number[] = []
  while (taken.length < countMax) {
    const message = await channel.get('tasks', { noAck: true })
    if (message === false) break
    taken.push(Number.parseInt(message.content.toString(), 10))
  }
  return taken
}
