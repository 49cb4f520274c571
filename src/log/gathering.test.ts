import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turn } from '../lib/turn.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { CommitScheduler } from './commit-scheduler.ts'
import type { Commit } from './commit.ts'
import type { LogCursor } from './log-cursor.ts'
import type { LogProfile } from './log-profile.ts'
import type { Log } from './log.ts'
import type { Run } from './run.ts'

const syncMs = 5

/** A disk that takes 5 ms for each commit, on a clock that stands still until it is moved. */
class SlowDisk {
  readonly clock: VirtualClock = new VirtualClock()
  readonly scheduler: CommitScheduler
  /** What each commit weighed that was handed over. */
  readonly written: number[] = []
  constructor(profile: LogProfile) {
    this.scheduler = new CommitScheduler({
      clock: this.clock,
      turn: new Turn(this.clock),
      profile,
      write: (commit) => this.#write(commit),
      commitsInFlightMax: 1,
      firstSequence: 1,
    })
  }

  /** Appends one message of one byte to a log; `onDurable` is its confirm. */
  append(profile?: LogProfile, onDurable?: () => void): void {
    const log = { profile, durableEnd: 0, closeOpenRun: () => undefined }
    this.#inAtom((commit) => {
      commit.addRun(log as unknown as Log, { lastOffset: 0 } as Run)
      commit.grow(1)
    }, onDurable)
  }

  topologyEntry(): void {
    this.#inAtom((commit) => commit.addTopology({ sequence: 1, bytes: Buffer.alloc(0) }))
  }

  stateOf(log?: Log): void {
    this.#inAtom((commit) => commit.addState('k', undefined, log))
  }

  ackIn(profile: LogProfile): void {
    const log = { profile } as Log
    this.#inAtom((commit) =>
      commit.deltaOf({ log, durableDeliveredMark: 0 } as unknown as LogCursor),
    )
  }

  /** The end of this turn, and of those that it leads to. */
  endTurn(): void {
    this.clock.endTurn()
  }

  pass(ms: number): void {
    this.clock.advance(ms)
    this.endTurn()
  }

  /** `count` messages were written together and are durable just now. */
  gathersAfter(count: number): this {
    for (let sent = 0; sent < count; sent++) this.append()
    this.endTurn()
    this.pass(syncMs)
    assert.deepEqual(this.written.splice(0), [count])
    return this
  }

  #inAtom(change: (commit: Commit) => void, onDurable?: () => void): void {
    this.scheduler.beginAtom()
    change(this.scheduler.atom)
    this.scheduler.schedule()
    const ticket = this.scheduler.endAtom()
    if (onDurable !== undefined) ticket?.whenDurable(onDurable)
  }

  #write(commit: Commit): void {
    this.written.push(commit.size)
    this.clock.after(syncMs, () => this.scheduler.finish(commit))
  }
}

test('on a disk of 5 ms with 1,000 messages outstanding, throughput confirms 1.4 times as many', () => {
  const [latency, throughput] = (['latency', 'throughput'] as const).map(confirmedInASecond)
  assert.ok(latency! > 0)
  assert.ok(throughput! >= latency! * 1.4, `${throughput} beside ${latency} messages`)
})

/** One client: 50 messages come in at a time, each a µs of work. */
function confirmedInASecond(profile: LogProfile): number {
  const disk = new SlowDisk(profile)
  let [mayBeSent, confirmed] = [1000, 0]
  while (disk.clock.monotonic() < 1000) {
    for (let count = 0; count < 50 && mayBeSent > 0; count++) {
      mayBeSent--
      disk.append(undefined, () => {
        confirmed++
        mayBeSent++
      })
    }
    disk.endTurn()
    disk.pass(0.05)
  }
  return confirmed
}

test('the first commit is written at once, and so is the first one after a rest', () => {
  const disk = new SlowDisk('throughput')
  disk.append()
  disk.endTurn()
  assert.deepEqual(disk.written, [1])
  disk.pass(1000)
  disk.append()
  disk.endTurn()
  assert.deepEqual(disk.written, [1, 1])
})

test('it is over when what was confirmed has been sent again', () => {
  const disk = new SlowDisk('throughput').gathersAfter(100)
  for (let count = 0; count < 94; count++) disk.append()
  disk.endTurn()
  assert.deepEqual(disk.written, [])
  disk.append()
  disk.endTurn()
  assert.deepEqual(disk.written, [95])
})

test('a client that sends one message after the other never waits', () => {
  const disk = new SlowDisk('throughput').gathersAfter(1)
  disk.append()
  disk.endTurn()
  assert.deepEqual(disk.written, [1])
})

test('it is over when nothing comes for half of the time', () => {
  const disk = new SlowDisk('throughput').gathersAfter(100)
  disk.append()
  disk.endTurn()
  disk.pass(1.4)
  assert.deepEqual(disk.written, [])
  disk.pass(0.1)
  assert.deepEqual(disk.written, [1])
})

test('it is over after 0.6 of what the disk took, whatever still comes', () => {
  const disk = new SlowDisk('throughput').gathersAfter(100)
  for (let count = 0; count < 6; count++) {
    disk.append()
    disk.endTurn()
    assert.deepEqual(disk.written, [], `after ${count * 0.5} ms`)
    disk.pass(0.5)
  }
  assert.deepEqual(disk.written, [6])
})

const endings: readonly (readonly [string, (disk: SlowDisk) => void])[] = [
  ['an append to a log for latency', (disk) => disk.append('latency')],
  ['an ack in one', (disk) => disk.ackIn('latency')],
  ['a topology entry', (disk) => disk.topologyEntry()],
  ['a value of the keyed state', (disk) => disk.stateOf()],
  [
    'a value that goes with an append for latency',
    (disk) => disk.stateOf({ profile: 'latency' } as Log),
  ],
  ['whoever waits until all is durable', (disk) => disk.scheduler.whenIdle(() => undefined)],
]

for (const [name, happen] of endings) {
  test(`${name} ends it at once`, () => {
    const disk = new SlowDisk('throughput').gathersAfter(100)
    disk.append()
    disk.endTurn()
    assert.deepEqual(disk.written, [])
    happen(disk)
    disk.endTurn()
    assert.equal(disk.written.length, 1)
  })
}

test('what goes with logs for throughput waits along', () => {
  const disk = new SlowDisk('latency')
  for (let count = 0; count < 100; count++) disk.append('throughput')
  disk.endTurn()
  disk.pass(syncMs)
  disk.append('throughput')
  disk.ackIn('throughput')
  disk.stateOf({ profile: 'throughput' } as Log)
  disk.endTurn()
  assert.equal(disk.written.length, 1)
})

test('nothing gathers after a commit of logs for latency', () => {
  const disk = new SlowDisk('latency').gathersAfter(100)
  disk.append('throughput')
  disk.endTurn()
  assert.deepEqual(disk.written, [1])
  assert.equal(disk.clock.timerCount, 1)
})
