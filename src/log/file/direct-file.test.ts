import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { logLimits } from '../../limits/log.ts'
import { diskError } from '../../testing/fault-disk.ts'
import { directBlockSize, DirectFile, StagePool } from './direct-file.ts'
import { readAt, writeAllAt, writeAt } from './file-operations.ts'
import { createSystemDisk } from './system-disk.ts'

const onLinux = { skip: process.platform === 'linux' ? false : 'direct writes are Linux only' }

async function emptyFolder(t: TestContext): Promise<string> {
  // Where the tests' temporary folder is in memory there may be no direct writes to test.
  const folder = await mkdtemp(join(tmpdir(), 'pabal-direct-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

function bytesFrom(seed: number, size: number): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: size }, (_, index) => (seed * 31 + index * 7) & 0xff),
  )
}

test(
  'appends of any sizes read back as written, and zeros fill the last block',
  onLinux,
  async (t) => {
    const folder = await emptyFolder(t)
    let count = 0
    const piece = fc.integer({ min: 0, max: 3 * directBlockSize })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(piece, { maxLength: 4 }), { maxLength: 6 }),
        async (writes) => {
          const path = join(folder, `file-${count++}`)
          const file = await createSystemDisk().open(path, 'create-synced')
          let expected: Buffer = Buffer.alloc(0)
          for (const sizes of writes) {
            const buffers = sizes.map((size, index) => bytesFrom(index + expected.length, size))
            await writeAllAt(file, buffers, expected.length)
            expected = Buffer.concat([expected, ...buffers])
            assert.ok(expected.equals(await readAt(file, 0, expected.length)))
          }
          const written = await readFile(path)
          assert.ok(written.subarray(expected.length).every((byte) => byte === 0))
          assert.ok(written.length - expected.length < directBlockSize)
          await file.finish(expected.length)
          await file.close()
          assert.ok(expected.equals(await readFile(path)))
        },
      ),
      { numRuns: 50 },
    )
  },
)

test('a write larger than the stage goes in several pieces', onLinux, async (t) => {
  const path = join(await emptyFolder(t), 'file')
  const file = await createSystemDisk().open(path, 'create-synced')
  const size = logLimits.directWriteSizeMax
  const parts = [bytesFrom(1, 100), bytesFrom(2, size), bytesFrom(3, size - 50), bytesFrom(4, 7)]
  await writeAt(file, parts[0]!, 0)
  await writeAllAt(file, parts.slice(1), 100)
  const whole = Buffer.concat(parts)
  await writeAt(file, Buffer.from('end'), whole.length)
  await file.finish(whole.length + 3)
  await file.close()
  assert.ok(Buffer.concat([whole, Buffer.from('end')]).equals(await readFile(path)))
})

test(
  'small writes through the page cache and large ones past it make one file',
  onLinux,
  async (t) => {
    const path = join(await emptyFolder(t), 'file')
    const file = await createSystemDisk().open(path, 'create-growing')
    const large = logLimits.directWriteSizeMin
    let expected: Buffer = Buffer.alloc(0)
    for (const sizes of [
      [10],
      [5000],
      [large, 1],
      [7],
      [3, 4090],
      [large + 1],
      [20, 30],
      [large],
    ]) {
      const buffers = sizes.map((size, index) => bytesFrom(index + expected.length, size))
      await writeAllAt(file, buffers, expected.length)
      expected = Buffer.concat([expected, ...buffers])
      assert.ok(expected.equals(await readAt(file, 0, expected.length)))
    }
    await file.finish(expected.length)
    await file.close()
    assert.ok(expected.equals(await readFile(path)))
  },
)

test('a write at another place than the end is done too', onLinux, async (t) => {
  const path = join(await emptyFolder(t), 'file')
  const file = await createSystemDisk().open(path, 'create-synced')
  await writeAt(file, bytesFrom(1, 5000), 0)
  await writeAt(file, Buffer.from('over'), 10)
  await writeAt(file, Buffer.from('behind'), 5000)
  await file.finish(5006)
  await file.close()
  const expected = bytesFrom(1, 5000)
  expected.write('over', 10)
  assert.ok(Buffer.concat([expected, Buffer.from('behind')]).equals(await readFile(path)))
})

/** A file whose direct writes fail with `code`. */
async function fileThatFails(path: string, code: string): Promise<DirectFile> {
  return new DirectFile({
    plain: await createSystemDisk().open(path, 'create'),
    blocks: {
      write: (_stage, _place, done) => setImmediate(() => done(diskError(code, path), 0)),
      close: () => {},
    },
    directSizeMin: 0,
    stages: new StagePool(),
    delayed: (done) => done,
  })
}

test('where the system refuses direct writes the file goes on without', async (t) => {
  const path = join(await emptyFolder(t), 'file')
  const file = await fileThatFails(path, 'EINVAL')
  await writeAt(file, Buffer.from('first '), 0)
  await writeAt(file, Buffer.from('second'), 6)
  await file.close()
  assert.equal(await readFile(path, 'utf8'), 'first second')
})

test('any other failure is reported', async (t) => {
  const file = await fileThatFails(join(await emptyFolder(t), 'file'), 'EIO')
  await assert.rejects(writeAt(file, Buffer.from('lost'), 0), { code: 'EIO' })
  await file.close()
})

test('after a full disk the same place is tried again', async (t) => {
  const path = join(await emptyFolder(t), 'file')
  let isFull = false
  const written: Buffer[] = []
  const file = new DirectFile({
    plain: await createSystemDisk().open(path, 'create'),
    blocks: {
      write(stage, { from, count, position }, done) {
        written.push(Buffer.from(stage.subarray(from, from + count)))
        assert.equal(position, 0)
        setImmediate(() => done(isFull ? diskError('ENOSPC', path) : null, isFull ? 0 : count))
      },
      close: () => {},
    },
    directSizeMin: 0,
    stages: new StagePool(),
    delayed: (done) => done,
  })
  await writeAt(file, Buffer.from('first '), 0)
  isFull = true
  await assert.rejects(writeAt(file, Buffer.from('XXXXXXXX'), 6), { code: 'ENOSPC' })
  isFull = false
  await writeAt(file, Buffer.from('second'), 6)
  await file.close()
  assert.equal(String(written.at(-1)!.subarray(0, 13)), 'first second\0')
})
