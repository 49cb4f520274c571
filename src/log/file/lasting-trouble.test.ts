// When storage does not come back: said once in a while, and in the end the store fails for good.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diskError } from '../../testing/fault-disk.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { DiskError } from './disk-error.ts'
import { DiskTrouble } from './disk-trouble.ts'

interface Watched {
  readonly clock: VirtualClock
  readonly trouble: DiskTrouble
  /** What was told, with how often it had happened. */
  readonly told: string[]
  readonly failures: Error[]
}

function watch(): Watched {
  const clock = new VirtualClock()
  const told: string[] = []
  const failures: Error[] = []
  const trouble = new DiskTrouble({
    clock,
    place: 'the data folder /data',
    events: {
      onTrouble: (error, count) => told.push(`${error.message} ${count}`),
      onFailed: (error) => failures.push(error),
    },
    onOutOfSpace: (place) => told.push(`out of space: ${place ?? 'disk'}`),
    onFailed: () => told.push('stopped'),
  })
  return { clock, trouble, told, failures }
}

/** Reports the error ten times a second for `seconds`. */
function failFor(seconds: number, code: string, { clock, trouble }: Watched): void {
  for (let step = 0; step < seconds * 10; step++) {
    trouble.report(diskError(code, '/data/wal/7.log'))
    clock.advance(100)
  }
}

test('trouble that goes on is told once in ten seconds', () => {
  const watched = watch()
  failFor(25, 'EIO', watched)
  assert.deepEqual(watched.told, [
    'EIO: /data/wal/7.log 1',
    'EIO: /data/wal/7.log 99',
    'EIO: /data/wal/7.log 100',
  ])
  assert.deepEqual(watched.failures, [])
})

test('a disk that fails for a minute is given up', () => {
  const watched = watch()
  failFor(61, 'EIO', watched)
  assert.equal(watched.failures.length, 1)
  assert.match(watched.failures[0]?.message ?? '', /\/data has failed for 60 seconds \(EIO/)
  assert.equal(watched.told.at(-1), 'stopped')
  const { length } = watched.told
  failFor(30, 'EIO', watched)
  assert.equal(watched.told.length, length)
})

test('a disk that works in between is not given up, and neither is a full one', () => {
  const watched = watch()
  for (let minute = 0; minute < 3; minute++) {
    failFor(45, 'EIO', watched)
    watched.trouble.onWritten()
  }
  failFor(1, 'EIO', watched)
  watched.clock.advance(600_000)
  failFor(300, 'ENOSPC', watched)
  assert.deepEqual(watched.failures, [])
})

test('what is full is named by who has refused the write', () => {
  const { trouble, told } = watch()
  trouble.report(diskError('ENOSPC', '/data/wal/7.log'))
  trouble.report(new DiskError('full', 'could not extend file', { place: 'postgres' }))
  const full = told.filter((text) => text.startsWith('out of space'))
  assert.deepEqual(full, ['out of space: disk', 'out of space: postgres'])
})

test('what nobody can write any more is given up at once', () => {
  for (const code of ['EROFS', 'EACCES', 'EPERM', 'ENODEV']) {
    const { trouble, failures } = watch()
    trouble.onCannotCreate(diskError(code, '/data/wal/7.log'))
    trouble.onCannotCreate(diskError(code, '/data/wal/8.log'))
    assert.equal(failures.length, 1)
    assert.match(failures[0]?.message ?? '', /the data folder \/data cannot be written any more/)
  }
})
