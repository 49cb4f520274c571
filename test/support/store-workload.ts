// Random work on a file store, with a model of what is confirmed: for tests that crash the store or copy it.
import assert from 'node:assert/strict'
import type { Random } from '../../src/lib/random.ts'
import type { CursorNotes } from '../../src/log/cursor-notes.ts'
import type { FileLogStore } from '../../src/log/file/file-log-store.ts'
import type { LogCursor } from '../../src/log/log-cursor.ts'
import type { Log } from '../../src/log/log.ts'
import { appendRecord } from '../../src/log/record.ts'
import type { RunConverter } from '../../src/log/run-converter.ts'
import { Run } from '../../src/log/run.ts'
import type { Ticket } from '../../src/log/ticket.ts'
import { batchHeaderSize } from '../../src/record/batch/batch-header.ts'
import { RecordSource } from '../../src/record/message/record-source.ts'
import { RecordView } from '../../src/record/message/record-view.ts'
import { createLogWithCursor, cursorOf } from './log-engines.ts'
import { applyModelEntry, LogModel, modelEntries, modelEntry } from './log-model.ts'
import { plainBatch } from './plain-batch.ts'

/** So little that files fill, die and are copied out of all the time. */
export const tinyLimits = {
  walFileSizeMax: 6000,
  tailCacheSizeMax: 3000,
  indexCacheSizeMax: 200,
  checkpointSliceSizeMax: 150,
  coldRunsSizeMax: 6000,
  topologyTailSizeMax: 300,
}

type Effect = (model: LogModel) => void

export class Workload {
  readonly #random: Random
  readonly #store: FileLogStore
  readonly #logs: Log[]
  /** Effects of each commit that was not confirmed, in order. */
  readonly pending: { ticket: Ticket; effects: Effect[] }[] = []
  /** Of the open atom. */
  #effects: Effect[] = []
  readonly confirmed: LogModel
  /** Called when `confirmed` has the next commit. */
  onConfirmed: () => void = () => undefined
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
    this.onConfirmed()
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
export async function contentOf(
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
export const modelConverter: RunConverter = {
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
