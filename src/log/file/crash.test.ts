// Random work on a disk that crashes at a random operation, again and again. After each crash the
// store must hold exactly the commits up to some commit that is not before the last confirmed one:
// nothing confirmed lost, no commit in half, nothing invented, order kept.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogWithCursor, cursorOf } from '../../../test/support/log-engines.ts'
import {
  applyModelEntry,
  LogModel,
  modelEntries,
  modelEntry,
} from '../../../test/support/log-model.ts'
import { plainBatch } from '../../../test/support/plain-batch.ts'
import type { Clock } from '../../lib/clock.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { batchHeaderSize } from '../../record/batch/batch-header.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { diskError, FaultDisk } from '../../testing/fault-disk.ts'
import { HastyClock } from '../../testing/hasty-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { CursorNotes } from '../cursor-notes.ts'
import type { LogCursor } from '../log-cursor.ts'
import type { Log } from '../log.ts'
import { appendRecord } from '../record.ts'
import type { RunConverter } from '../run-converter.ts'
import { Run } from '../run.ts'
import type { Ticket } from '../ticket.ts'
import type { FileLogStore } from './file-log-store.ts'
import { findManifest } from './find-manifest.ts'
import { inspectFolder } from './inspect-folder.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { repairDataFolder } from './repair.ts'
import { verifyDataFolder } from './verify.ts'

const tiny = {
  walFileSizeMax: 6000,
  tailCacheSizeMax: 3000,
  indexCacheSizeMax: 200,
  checkpointSliceSizeMax: 150,
  coldRunsSizeMax: 6000,
  topologyTailSizeMax: 300,
}

type Effect = (model: LogModel) => void

class Workload {
  readonly #random: Random
  readonly #store: FileLogStore
  readonly #logs: Log[]
  /** Effects of each commit that was not confirmed, in order. */
  readonly pending: { ticket: Ticket; effects: Effect[] }[] = []
  /** Of the open atom. */
  #effects: Effect[] = []
  readonly confirmed: LogModel
  /** As it is in memory, where the store asks for it. */
  readonly #topologyNow: Map<string, string>
  #counter: number

  constructor(options: { random: Random; store: FileLogStore; model: LogModel; counter: number }) {
    this.#random = options.random
    this.#store = options.store
    this.#logs = [...options.store.logs.values()]
    this.confirmed = options.model
    this.#topologyNow = new Map(options.model.topology)
    options.store.setTopologySource(() => modelEntries(this.#topologyNow))
    this.#counter = options.counter
  }

  get counter(): number {
    return this.#counter
  }

  step(): void {
    this.#store.beginAtom()
    const count = 1 + this.#random.below(3)
    for (let n = 0; n < count; n++) this.#change()
    const ticket = this.#store.endAtom()
    const effects = this.#effects
    this.#effects = []
    if (ticket === undefined) assert.equal(effects.length, 0)
    else this.#await(ticket, effects)
  }

  #change(): void {
    const random = this.#random
    const choice = random.below(100)
    if (this.#logs.length === 0 || (choice < 4 && this.#logs.length < 6)) return this.#create()
    const log = this.#logs[random.below(this.#logs.length)]!
    if (choice < 40) return this.#append(log)
    if (choice < 50) return this.#appendBatch(log)
    if (choice < 80) return this.#ack(log)
    if (choice < 85) return this.#note(log)
    if (choice < 90) return this.#raiseMark(log)
    if (choice < 94) return this.#topology()
    if (choice < 95) return this.#putState()
    if (choice < 97) return this.#trim(log)
    if (choice < 98) return this.#delete(log)
    this.#appendShared()
  }

  #create(): void {
    const log = createLogWithCursor(this.#store)
    this.#logs.push(log)
    this.#record((model) => {
      model.logs.set(log.id, { end: 0, start: 0, mark: 0, bodies: new Map(), notes: new Map() })
    })
  }

  #append(log: Log): void {
    const body = this.#nextBody()
    const offset = log.append(source(body), -1)
    this.#recordAppend(log, { offset, body })
  }

  #appendBatch(log: Log): void {
    const body = this.#nextBody()
    const recordCount = 1 + this.#random.below(4)
    const first = log.appendBatch(plainBatch({ recordCount, body }))
    for (let offset = first; offset < first + recordCount; offset++) {
      this.#recordAppend(log, { offset, body })
    }
  }

  #appendShared(): void {
    const body = this.#nextBody()
    const message = source(body)
    const position = this.#store.shareBody(message.body, 0, message.bodyEnd)
    for (const log of this.#logs) {
      this.#recordAppend(log, { offset: log.append(message, position), body })
    }
  }

  #recordAppend(log: Log, record: { offset: number; body: string }): void {
    this.#record((model) => {
      const target = model.logs.get(log.id)!
      target.end = record.offset + 1
      target.bodies.set(record.offset, record.body)
    })
  }

  #ack(log: Log): void {
    const span = log.endOffset - cursorOf(log).acked.floor
    if (span === 0) return
    const isHead = this.#random.next() < 0.6
    const first = cursorOf(log).acked.floor + (isHead ? 0 : this.#random.below(span))
    const last = Math.min(first + this.#random.below(8), log.endOffset - 1)
    const cursor = cursorOf(log)
    const hasChanged = first === last ? cursor.ack(first) : cursor.ackRange(first, last) > 0
    if (!hasChanged) return
    this.#record((model) => {
      const { bodies, notes } = model.logs.get(log.id)!
      for (let offset = first; offset <= last; offset++) {
        bodies.delete(offset)
        notes.delete(offset)
      }
    })
  }

  #note(log: Log): void {
    const cursor = cursorOf(log)
    const span = log.endOffset - cursor.acked.floor
    if (span === 0) return
    const first = cursor.acked.floor + this.#random.below(span)
    const last = Math.min(first + this.#random.below(3), log.endOffset - 1)
    for (let offset = first; offset <= last; offset++) {
      if (cursor.acked.isAcked(offset)) continue
      const count = (cursor.notes?.countOf(offset) ?? 0) + 1
      const readyAt = this.#random.next() < 0.5 ? 0 : this.#counter++
      cursor.note(offset, { count, readyAt })
      this.#record((model) => model.logs.get(log.id)!.notes.set(offset, `${count}@${readyAt}`))
    }
  }

  #raiseMark(log: Log): void {
    const mark = cursorOf(log).deliveredMark + 1 + this.#random.below(5)
    cursorOf(log).raiseDeliveredMark(mark)
    this.#record((model) => {
      model.logs.get(log.id)!.mark = mark
    })
  }

  #topology(): void {
    const name = `name ${this.#random.below(12)}`
    const text = this.#random.next() < 0.3 ? '' : this.#nextBody()
    const entry = modelEntry(name, text)
    applyModelEntry(this.#topologyNow, entry)
    this.#store.putTopology(entry)
    this.#record((model) => applyModelEntry(model.topology, entry))
  }

  #putState(): void {
    const random = this.#random
    const count = 1 + random.below(6)
    for (let n = 0; n < count; n++) {
      const key = `key ${random.below(12)}`
      const value = random.next() < 0.3 ? undefined : this.#nextBody()
      this.#store.putState(key, value === undefined ? undefined : Buffer.from(value))
      this.#record(({ state }) => {
        if (value === undefined) state.delete(key)
        else state.set(key, value)
      })
    }
  }

  #trim(log: Log): void {
    const offset = Math.min(cursorOf(log).acked.floor + this.#random.below(20), log.endOffset)
    if (offset <= log.startOffset) return
    this.#store.trim(log, offset)
    this.#record((model) => {
      const target = model.logs.get(log.id)!
      target.start = offset
      for (const at of target.bodies.keys()) if (at < offset) target.bodies.delete(at)
      for (const at of target.notes.keys()) if (at < offset) target.notes.delete(at)
    })
  }

  #delete(log: Log): void {
    this.#store.deleteLog(log)
    this.#logs.splice(this.#logs.indexOf(log), 1)
    this.#record((model) => model.logs.delete(log.id))
  }

  #record(effect: Effect): void {
    this.#effects.push(effect)
  }

  #await(ticket: Ticket, effects: readonly Effect[]): void {
    let last = this.pending.at(-1)
    if (last?.ticket !== ticket) {
      last = { ticket, effects: [] }
      this.pending.push(last)
      ticket.whenDurable(() => this.#confirm(ticket))
    }
    last.effects.push(...effects)
  }

  #confirm(ticket: Ticket): void {
    const first = this.pending.shift()!
    assert.equal(first.ticket, ticket)
    for (const effect of first.effects) effect(this.confirmed)
  }

  #nextBody(): string {
    const number = this.#counter++
    return `${number}:${'x'.repeat(this.#random.below(this.#random.next() < 0.1 ? 900 : 60))}`
  }
}

function source(body: string): RecordSource {
  const result = new RecordSource()
  result.body = Buffer.from(body)
  result.bodyEnd = result.body.length
  return result
}

/** Everything a store holds, in the form of the model. */
async function contentOf(
  store: FileLogStore,
  topology: ReadonlyMap<string, string>,
  state: ReadonlyMap<string, Buffer>,
): Promise<LogModel> {
  const model = new LogModel()
  for (const [name, text] of topology) model.topology.set(name, text)
  for (const [key, value] of state) model.state.set(key, value.toString())
  const view = new RecordView()
  for (const log of store.logs.values()) {
    const bodies = new Map<number, string>()
    for (let at = cursorOf(log).acked.nextUnacked(0); at < log.endOffset;) {
      const reading = log.read(at, view)
      if (reading === 'end') break
      if (typeof reading === 'object') {
        await new Promise<void>((resolve, reject) => {
          store.load(log, reading, (error) => (error === undefined ? resolve() : reject(error)))
        })
        continue
      }
      if (!cursorOf(log).acked.isAcked(view.offset)) {
        bodies.set(view.offset, view.body.toString('latin1', view.bodyStart, view.bodyEnd))
      }
      at = view.offset + 1
    }
    assert.deepEqual(await bodiesInRuns(store, log), bodies)
    const { endOffset: end, startOffset: start } = log
    const { deliveredMark: mark } = cursorOf(log)
    model.logs.set(log.id, { end, start, mark, bodies, notes: notesOf(cursorOf(log)) })
  }
  return model
}

function notesOf({ notes }: LogCursor): Map<number, string> {
  const found = new Map<number, string>()
  for (const offset of notes?.offsets() ?? []) {
    const { count, readyAt } = (notes as CursorNotes).get(offset)
    found.set(offset, `${count}@${readyAt}`)
  }
  return found
}

/** The same once more, by the other way of reading. */
async function bodiesInRuns(store: FileLogStore, log: Log): Promise<Map<number, string>> {
  const bodies = new Map<number, string>()
  for (let at = cursorOf(log).acked.nextUnacked(0); ;) {
    const runs = await store.readRuns(log, at, 500)
    if (runs.length === 0) return bodies
    for (const run of runs) {
      addBodies(log, run, bodies)
      at = run.lastOffset + 1
    }
  }
}

function addBodies(log: Log, run: Run, bodies: Map<number, string>): void {
  const view = new RecordView()
  const messages = log.messagesOf(run, run.baseOffset) as Run
  for (let position = batchHeaderSize; position < messages.size;) {
    position = log.readFrom(messages, position, view)
    if (cursorOf(log).acked.isAcked(view.offset)) continue
    bodies.set(view.offset, view.body.toString('latin1', view.bodyStart, view.bodyEnd))
  }
}

/** Each record of a batch has the batch's body, in latin1, as its own. */
const converter: RunConverter = {
  toMessages(_log, run) {
    const messages = new Run(run.baseOffset, run.baseTimestamp, 0)
    const body = run.bytes().toString('latin1', batchHeaderSize)
    for (let offset = run.baseOffset; offset <= run.lastOffset; offset++) {
      appendRecord(messages, offset, run.baseTimestamp, source(body))
    }
    return messages
  },
  prepare(_log, _run, _offset, done) {
    done()
  },
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** The result of `work`, or undefined when the power went first: then it may never end. */
async function unless<T>(isDead: () => boolean, work: Promise<T>): Promise<T | undefined> {
  const results: T[] = []
  const working = work.then((value) => results.push(value))
  while (results.length === 0 && !isDead()) await Promise.race([working, turn()])
  return results[0]
}

function open(disk: FaultDisk, clock: Clock): ReturnType<typeof openFileLogStore> {
  return openFileLogStore({
    path: '/data',
    disk,
    clock,
    turn: new Turn(clock),
    durability: 'fsync',
    converter,
    random: seededRandom(1),
    limits: tiny,
    events: {
      onTrouble: fail,
      onFailed: fail,
      onDamaged: (_log, _first, _last, error) => fail(error),
    },
  })
}

/** Nothing but the power, and some writes and syncs, may fail. */
let failure: Error | undefined
function fail(error: Error): void {
  if (!('code' in error && error.code === 'EIO')) failure ??= error
}

/** Long bodies say nothing: only their sizes are shown. */
function difference(found: string, candidates: readonly LogModel[]): string {
  const shorten = (text: string): string => text.replaceAll(/x+/g, (run) => `${run.length}`)
  return `found\n${shorten(found)}\nexpected\n${candidates.map((model) => shorten(String(model))).join('\nor\n')}`
}

interface State {
  /** What the store may hold now: up to the last confirmed commit, or some more. */
  readonly candidates: readonly LogModel[]
  readonly counter: number
  /** Some writes and syncs failed in the life that just ended. */
  readonly hadErrors: boolean
}

/** One life of a store: opens, checks what it finds, works until the power goes. */
async function live(disk: FaultDisk, random: Random, before: State): Promise<State> {
  const dies = 30 + random.below(400)
  let errorRate = 0
  disk.onOperation = (operation, path) => {
    if (operation === 'rename' && path.endsWith('.log')) reusedFileCount++
    if (operation === 'create' && path.endsWith('.spare')) filledFileCount++
    if (disk.operationCount >= dies) disk.stop()
    const mayFail = operation === 'write' || operation === 'sync' || operation === 'syncFolder'
    return mayFail && random.next() < errorRate ? diskError('EIO', path) : undefined
  }
  const isDead = (): boolean => disk.operationCount >= dies
  const clock = new HastyClock()
  const opened = await unless(isDead, open(disk, clock))
  if (opened === undefined) return { ...before, hadErrors: false }
  const { store, recovered } = opened
  const topology = new Map<string, string>()
  for (const { bytes } of recovered.topology) applyModelEntry(topology, bytes)
  const found = await unless(isDead, contentOf(store, topology, recovered.state))
  if (found === undefined) return { ...before, hadErrors: false }
  const text = found.toString()
  const same = before.candidates.find((candidate) => candidate.toString() === text)
  assert.ok(same !== undefined, difference(text, before.candidates))
  const work = new Workload({ random, store, model: same.copy(), counter: before.counter })
  if (random.next() < 0.3) errorRate = 0.02
  while (disk.operationCount < dies) {
    if (random.next() < 0.1) clock.tick()
    const steps = random.below(4)
    for (let n = 0; n < steps; n++) work.step()
    if (work.pending.length > 0 || random.next() < 0.3) await turn()
    if (steps === 0) work.step()
  }
  assert.equal(failure, undefined)
  const candidates = [work.confirmed.copy()]
  for (const { effects } of work.pending) {
    const next = candidates.at(-1)!.copy()
    for (const effect of effects) effect(next)
    candidates.push(next)
  }
  return { candidates, counter: work.counter, hadErrors: errorRate > 0 }
}

async function liveAndDie(random: Random): Promise<void> {
  let disk = new FaultDisk(systemClock)
  disk.capacity = 3_000_000
  let state: State = { candidates: [new LogModel()], counter: 0, hadErrors: false }
  for (let life = 0; life < 5; life++) {
    state = await live(disk, random, state)
    // Now and then it is only the process that dies, and somebody removes the manifest as well. After
    // a failed sync the system takes for written what it may never write, so nobody can rely on it.
    const isKilled = random.next() < 0.25 && !state.hadErrors
    if (isKilled) killCount++
    disk = isKilled ? disk.kill(random) : disk.crash(random)
    if (life % 2 === 0 || isKilled) await assertSound(disk.copy())
    if (isKilled) await loseManifest(disk)
  }
}

/** Whatever a crash leaves is no damage, and every message that is not acked is there. */
async function assertSound(disk: FaultDisk): Promise<void> {
  const { problems } = await verifyDataFolder({ disk, path: '/data', isLocked: () => false })
  const damages = problems.filter(({ severity }) => severity === 'damage')
  assert.deepEqual(damages, [])
  const manifest = await findManifest(disk, '/data')
  if (manifest.state !== 'whole') return
  if (manifest.content.topology !== undefined) topologyFileCount++
  const { contents } = await inspectFolder(disk, '/data', manifest.content)
  assert.deepEqual(contents.gaps(), [])
}

/** Whatever a killed process leaves has its manifest made again, without loss. */
async function loseManifest(disk: FaultDisk): Promise<void> {
  disk.remove('/data/MANIFEST')
  const options = { disk, path: '/data', isLocked: () => false, isDryRun: false }
  const { lost } = await repairDataFolder(options)
  assert.deepEqual(lost, [])
}

/** How often the WAL took a file that it had before, and how often one was written for it. */
let reusedFileCount = 0
let filledFileCount = 0
/** How often a crash left a topology file. */
let topologyFileCount = 0

/** How often only the process died. */
let killCount = 0

const seedCount = Number(process.env['PABAL_CRASH_SEEDS'] ?? 200)
const firstSeed = Number(process.env['PABAL_CRASH_SEED'] ?? 1)

test(`a store keeps every confirmed commit over crashes (seeds ${firstSeed} on, ${seedCount} of them)`, async () => {
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    try {
      await liveAndDie(seededRandom(seed))
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
  assert.ok(reusedFileCount > filledFileCount && filledFileCount >= seedCount)
  assert.ok(topologyFileCount >= seedCount / 2 && killCount >= seedCount / 2)
})
