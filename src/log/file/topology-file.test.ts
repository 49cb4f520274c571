// The topology in the log: what it costs, and what becomes of it when its file is damaged or gone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogWithCursor } from '../../../test/support/log-engines.ts'
import { applyModelEntry, modelEntries, modelEntry } from '../../../test/support/log-model.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { logLimits } from '../../limits/log.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Log } from '../log.ts'
import type { FileLogStore } from './file-log-store.ts'
import { findManifest } from './find-manifest.ts'
import type { ManifestContent } from './manifest.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { repairDataFolder } from './repair.ts'
import type { LogAdopter } from './unowned-logs.ts'
import { verifyDataFolder } from './verify.ts'

const tailSizeMax = 2000

/** A store with a topology of names, kept as a broker would keep it. */
class NamedTopology {
  readonly store: FileLogStore
  readonly names = new Map<string, string>()
  readonly logs: readonly Log[]

  private constructor(opened: Awaited<ReturnType<typeof openFileLogStore>>) {
    this.store = opened.store
    this.logs = opened.recovered.logs
    for (const { bytes } of opened.recovered.topology) applyModelEntry(this.names, bytes)
    this.store.setTopologySource(() => modelEntries(this.names))
  }

  static async open(disk: FaultDisk): Promise<NamedTopology> {
    const opened = await openFileLogStore({
      path: '/data',
      disk,
      clock: systemClock,
      turn: new Turn(systemClock),
      durability: 'fsync',
      random: seededRandom(5),
      limits: { walFileSizeMax: 8000, tailCacheSizeMax: 500, topologyTailSizeMax: tailSizeMax },
    })
    return new NamedTopology(opened)
  }

  /** An empty text takes the name away. */
  put(name: string, text: string): Promise<void> {
    const entry = modelEntry(name, text)
    applyModelEntry(this.names, entry)
    this.store.beginAtom()
    this.store.putTopology(entry)
    return durable(this.store)
  }

  async append(log: Log, body: string): Promise<void> {
    this.store.beginAtom()
    const source = new RecordSource()
    source.body = Buffer.from(body)
    source.bodyEnd = source.body.length
    log.append(source, -1)
    await durable(this.store)
  }

  createLog(): Log {
    this.store.beginAtom()
    const log = createLogWithCursor(this.store)
    this.store.endAtom()
    return log
  }
}

function durable(store: FileLogStore): Promise<void> {
  const ticket = store.endAtom()
  return new Promise((resolve) => {
    ticket?.whenDurable(resolve)
  })
}

function newDisk(): FaultDisk {
  const disk = new FaultDisk(systemClock)
  disk.capacity = 10_000_000
  return disk
}

async function manifestOf(disk: FaultDisk): Promise<ManifestContent> {
  const found = await findManifest(disk, '/data')
  assert.equal(found.state, 'whole')
  return (found as { content: ManifestContent }).content
}

async function topologyPath(disk: FaultDisk): Promise<string> {
  const { topology } = await manifestOf(disk)
  assert.ok(topology !== undefined, 'there is a topology file')
  return `/data/wal/${String(topology.fileId).padStart(10, '0')}.log`
}

const offline = (disk: FaultDisk): Parameters<typeof verifyDataFolder>[0] => ({
  disk,
  path: '/data',
  isLocked: () => false,
})

/** A killed broker's disk with `count` names and a topology file. */
async function diskWith(count: number): Promise<{ disk: FaultDisk; names: Map<string, string> }> {
  const disk = newDisk()
  const topology = await NamedTopology.open(disk)
  for (let number = 0; number < count; number++) {
    await topology.put(`name ${number}`, `text ${number} ${'x'.repeat(40)}`)
  }
  await topology.store.close()
  return { disk: disk.kill(), names: topology.names }
}

test('declarations outlive the files they were written to, and everybody who could know them', async () => {
  const { disk: first, names } = await diskWith(200)
  let disk = first
  for (let life = 0; life < 3; life++) {
    const topology = await NamedTopology.open(disk)
    assert.deepEqual(topology.names, names)
    await topology.put('name 0', '')
    await topology.put(`life ${life}`, 'begun')
    names.delete('name 0')
    names.set(`life ${life}`, 'begun')
    disk = disk.kill()
  }
  const topology = await NamedTopology.open(disk)
  assert.deepEqual(topology.names, names)
  await topology.store.close()
})

test('a change costs a few times its bytes, however many names there are', async () => {
  const disk = newDisk()
  const topology = await NamedTopology.open(disk)
  const seen = new Map<string, number>()
  let putSize = 0
  for (let number = 0; number < 3000; number++) {
    const [name, text] = [`name ${number % 500}`, `text ${number} ${'x'.repeat(40)}`]
    await topology.put(name, text)
    putSize += modelEntry(name, text).length
    const { topology: file } = (await manifestOf(disk)) ?? {}
    if (file !== undefined) seen.set(String(file.fileId), file.size)
  }
  await topology.store.close()
  const rewritten = [...seen.values()].reduce((sum, size) => sum + size, 0)
  assert.ok(seen.size > 5, `${seen.size} files`)
  assert.ok(rewritten < 4 * putSize, `${rewritten} bytes for ${putSize}`)
  // What a start reads: the names as they are, and no more than half as much besides.
  const all = [...modelEntries(topology.names)].reduce((sum, { length }) => sum + length, 0)
  const { topology: last } = await manifestOf(disk)
  assert.ok((last?.size ?? 0) < 2 * all)
})

test('names that come while all of them are written down are not lost', async () => {
  const disk = newDisk()
  const topology = await NamedTopology.open(disk)
  for (let number = 0; number < 40; number++) await topology.put(`name ${number}`, 'x'.repeat(60))
  for (let number = 0; number < 300; number++) {
    void topology.put(`late ${number % 70}`, number % 3 === 0 ? '' : 'y'.repeat(60))
    if (number % 20 === 0) await topology.put('between', `${number}`)
  }
  const { names } = topology
  await topology.put('last', 'one')
  const killed = disk.kill()
  await topologyPath(killed)
  const again = await NamedTopology.open(killed)
  assert.deepEqual(again.names, names)
  await again.store.close()
})

test('a topology file that cannot be written is tried again, and nothing is lost meanwhile', async () => {
  const disk = newDisk()
  const topology = await NamedTopology.open(disk)
  let failCount = 0
  let topologyIds: string[] = []
  disk.onOperation = (operation, path) => {
    if (operation === 'create' && path.endsWith('.log')) topologyIds.push(path)
    const isOurs = operation === 'write' && topologyIds.at(-1) === path && failCount < 3
    if (!isOurs) return undefined
    failCount++
    return Object.assign(new Error('EIO'), { code: 'EIO' })
  }
  for (let number = 0; number < 200; number++) await topology.put(`name ${number}`, 'x'.repeat(60))
  topologyIds = []
  const { names } = topology
  const again = await NamedTopology.open(disk.kill())
  assert.deepEqual(again.names, names)
  await again.store.close()
})

test('a flipped bit anywhere in the topology file stops the start; repair keeps the rest', async () => {
  const { disk, names } = await diskWith(200)
  const path = await topologyPath(disk)
  const whole = disk.contentOf(path)
  for (let at = 0; at < whole.length; at += 97) {
    const copy = disk.copy()
    const content = Buffer.from(whole)
    content[at]! ^= 0x10
    copy.setContent(path, content)
    // Not all bytes of the header mean something.
    const problems = (await verifyDataFolder(offline(copy))).problems
    assert.ok(
      problems.some(({ file, severity }) => file === path && severity === 'damage'),
      `byte ${at}`,
    )
    await assert.rejects(NamedTopology.open(copy.copy()), { code: 'corrupt' }, `byte ${at}`)
    const { lost } = await repairDataFolder({ ...offline(copy), isDryRun: false })
    assert.equal(lost.length, 1)
    assert.match(lost[0] ?? '', /declarations/)
    const repaired = await NamedTopology.open(copy)
    for (const [name, text] of repaired.names) assert.equal(names.get(name), text)
    await repaired.store.close()
    const left = (await verifyDataFolder(offline(copy))).problems
    assert.deepEqual(
      left.filter(({ severity }) => severity === 'damage'),
      [],
    )
  }
})

test('a missing topology file stops the start; repair goes on without it', async () => {
  const { disk, names } = await diskWith(200)
  const path = await topologyPath(disk)
  disk.remove(path)
  await assert.rejects(NamedTopology.open(disk.copy()), { code: 'corrupt', message: /is missing/ })
  const dry = await repairDataFolder({ ...offline(disk), isDryRun: true })
  const { lost, actions } = await repairDataFolder({ ...offline(disk), isDryRun: false })
  assert.deepEqual(dry, { lost, actions })
  assert.match(lost.join(), /which is missing: declarations/)
  const repaired = await NamedTopology.open(disk)
  assert.ok(repaired.names.size < names.size)
  await repaired.put('new', 'name')
  await repaired.store.close()
  const again = await NamedTopology.open(disk)
  assert.equal(again.names.get('new'), 'name')
  await again.store.close()
})

test('a lost manifest is made again with the topology file', async () => {
  const { disk, names } = await diskWith(200)
  await topologyPath(disk)
  disk.remove('/data/MANIFEST')
  await assert.rejects(NamedTopology.open(disk.copy()), { code: 'corrupt' })
  const { lost } = await repairDataFolder({ ...offline(disk), isDryRun: false })
  assert.deepEqual(lost, [])
  const repaired = await NamedTopology.open(disk)
  assert.deepEqual(repaired.names, names)
  await repaired.store.close()
})

test('a manifest and a topology file that are both lost are told', async () => {
  const { disk } = await diskWith(200)
  disk.remove(await topologyPath(disk))
  disk.remove('/data/MANIFEST')
  const { problems } = await verifyDataFolder(offline(disk))
  assert.ok(problems.some(({ problem }) => problem.includes('the topology file is missing')))
  const { lost } = await repairDataFolder({ ...offline(disk), isDryRun: false })
  assert.match(lost.join(), /the topology file: declarations .* up to entry \d+/)
  const repaired = await NamedTopology.open(disk)
  await repaired.store.close()
})

/** Reads "log N" as the name of whoever has log N. */
const adopter: LogAdopter = {
  ownedLogs(entries) {
    const names = new Map<string, string>()
    for (const { bytes } of entries) applyModelEntry(names, bytes)
    return new Set(Array.from(names.keys(), (name) => Number(name.split(' ')[1])))
  },
  adopt: ({ id }) => ({ name: `log ${id}`, entry: modelEntry(`log ${id}`, 'adopted') }),
}

test('a log with messages that nobody has is found by verify, and repair gives it to somebody', async () => {
  const disk = newDisk()
  const topology = await NamedTopology.open(disk)
  const [owned, lost, empty, deleted] = [1, 2, 3, 4].map(() => topology.createLog())
  await topology.put(`log ${owned?.id}`, 'here')
  for (const log of [owned, lost, deleted]) await topology.append(log as Log, 'message')
  topology.store.beginAtom()
  topology.store.deleteLog(deleted as Log)
  topology.store.endAtom()
  assert.ok(empty)
  await topology.store.close()
  const options = { ...offline(disk), adopter }
  const { problems } = await verifyDataFolder(options)
  const damage = problems.filter(({ severity }) => severity === 'damage')
  assert.deepEqual(
    damage.map(({ problem }) => problem),
    [`log ${lost?.id} has 1 messages, and which queue they are in is not known`],
  )
  const report = await repairDataFolder({ ...options, isDryRun: false })
  assert.ok(report.actions.includes(`make a queue 'log 2' of log 2 with its 1 messages`))
  assert.deepEqual(report.lost, [])
  assert.deepEqual((await repairDataFolder({ ...options, isDryRun: false })).actions, [])
  const repaired = await NamedTopology.open(disk)
  assert.equal(repaired.names.get('log 2'), 'adopted')
  assert.equal(repaired.names.get('log 1'), 'here')
  assert.equal(repaired.logs.find(({ id }) => id === 2)?.keptCount, 1)
  await repaired.store.close()
})

test('a log that was deleted stays deleted when the manifest is made again', async () => {
  const disk = newDisk()
  const topology = await NamedTopology.open(disk)
  const [kept, deleted] = [topology.createLog(), topology.createLog()]
  await topology.append(kept, 'kept')
  await topology.append(deleted, 'deleted')
  for (let number = 0; number < 100; number++) await topology.put('name', `${number}`.repeat(40))
  topology.store.beginAtom()
  topology.store.deleteLog(deleted)
  await durable(topology.store)
  for (let number = 0; number < 300; number++) await topology.put('name', `${number}`.repeat(40))
  const killed = disk.kill()
  killed.remove('/data/MANIFEST')
  await repairDataFolder({ ...offline(killed), isDryRun: false })
  const repaired = await NamedTopology.open(killed)
  assert.deepEqual(
    repaired.logs.map(({ id }) => id),
    [kept.id],
  )
  await repaired.store.close()
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
}

/** Of a write that was under way, the first half is there. */
const half: Random = { ...seededRandom(1), next: () => 0.9, below: (limit) => limit >> 1 }

test('a topology file that shows a torn commit does not count when the manifest is made again', async () => {
  const disk = newDisk()
  // A file that is written over has room for all of the commit, also for what did not get there.
  const { store } = await NamedTopology.open(disk)
  await store.close()
  disk.setContent('/data/wal/1.spare', Buffer.alloc(40_000, 'z'))
  const topology = await NamedTopology.open(disk)
  const log = topology.createLog()
  await topology.put('name', 'confirmed')
  const known = new Set(disk.paths)
  let isWritten = false
  disk.onOperation = (operation, path) => {
    isWritten ||= operation === 'syncFolder' && path === '/data/wal'
    return operation === 'write' && known.has(path) ? 'hold' : undefined
  }
  void topology.append(log, 'under way')
  await until(() => disk.heldCount > 0)
  // All this is in the next commit, which waits, and the topology file does not.
  void topology.append(log, 'x'.repeat(9000))
  void topology.put('name', 'y'.repeat(tailSizeMax + 1000))
  await until(() => isWritten)
  disk.release()
  await until(() => disk.heldCount > 0)
  const killed = disk.kill(half)
  killed.remove('/data/MANIFEST')
  const { lost } = await repairDataFolder({ ...offline(killed), isDryRun: false })
  assert.deepEqual(lost, [])
  const repaired = await NamedTopology.open(killed)
  assert.equal(repaired.names.get('name'), 'confirmed')
  assert.equal(repaired.logs[0]?.endOffset, 1)
  await repaired.store.close()
})

test('limits: a usual broker never needs a topology file', () => {
  assert.ok(logLimits.topologyTailSizeMax > 1000 * 200)
})
