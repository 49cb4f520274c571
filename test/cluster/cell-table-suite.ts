// What every table of a cell does, in memory and on PostgreSQL.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CellTable } from '../../src/log/cluster/cell-table.ts'
import { diskErrorKind } from '../../src/log/file/disk-error.ts'

/** Claims a cell that nobody has used yet, or the same one again. */
export interface TableUnderTest {
  claimNew(): Promise<{ table: CellTable; claimAgain: () => Promise<CellTable> }>
}

/** Appends and waits. */
export function append(
  table: CellTable,
  fileId: number,
  position: number,
  ...buffers: Buffer[]
): Promise<void> {
  return new Promise((resolve, reject) => {
    table.append(fileId, position, buffers, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}

/** All bytes of a file from `position` on, read so many at a time. */
export async function readAll(
  table: CellTable,
  fileId: number,
  position = 0,
  sizeMax = 1_000_000,
): Promise<Buffer> {
  const parts: Buffer[] = []
  let at = position
  for (;;) {
    const rows = await table.read(fileId, at, sizeMax)
    if (rows.length === 0) return Buffer.concat(parts)
    for (const row of rows) {
      const part = row.bytes.subarray(at - row.position)
      parts.push(part)
      at += part.length
    }
  }
}

async function rejectsWith(kind: string, work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.equal(diskErrorKind(error), kind)
    return true
  })
}

export function cellTableSuite(name: string, getTables: () => TableUnderTest): void {
  testRows(name, getTables)
  testFences(name, getTables)
  testFiles(name, getTables)
  testFinished(name, getTables)
}

function testRows(name: string, getTables: () => TableUnderTest): void {
  test(`${name}: what was appended is read back, from any position, also by the next owner`, async () => {
    const { table, claimAgain } = await getTables().claimNew()
    await append(table, 7, 0, Buffer.from('one'), Buffer.from('two'))
    await append(table, 7, 6, Buffer.from('three'))
    assert.deepEqual(await table.openFiles(), new Map([[7, 11]]))
    assert.equal((await readAll(table, 7)).toString(), 'onetwothree')
    assert.equal((await readAll(table, 7, 4, 1)).toString(), 'wothree')
    assert.deepEqual(await table.read(7, 11, 100), [])
    const [first] = await table.read(7, 4, 1)
    assert.deepEqual(first, { position: 0, bytes: Buffer.from('onetwo') })
    const next = await claimAgain()
    assert.equal(next.epoch, table.epoch + 1)
    assert.deepEqual(await next.openFiles(), new Map([[7, 11]]))
    assert.equal((await readAll(next, 7)).toString(), 'onetwothree')
    await append(next, 7, 11, Buffer.from('four'))
    assert.equal((await readAll(next, 7, 6)).toString(), 'threefour')
    await next.close()
  })

  test(`${name}: an append of many megabytes is whole, and read in parts`, async () => {
    const { table, claimAgain } = await getTables().claimNew()
    const bytes = Buffer.alloc(5_000_001, 'abcdefghijk')
    await append(table, 1, 100, bytes)
    const rows = await table.read(1, 3_000_000, 1000)
    const size = rows.reduce((sum, row) => sum + row.bytes.length, 0)
    assert.ok(size < 1_000_000, `${size} bytes for a thousand`)
    assert.ok((await readAll(table, 1, 100)).equals(bytes))
    const next = await claimAgain()
    assert.deepEqual(await next.openFiles(), new Map([[1, 5_000_101]]))
    assert.ok((await readAll(next, 1, 100, 300_000)).equals(bytes))
    await next.close()
  })
}

function testFences(name: string, getTables: () => TableUnderTest): void {
  test(`${name}: a table whose cell was claimed fails everything, and changes nothing`, async () => {
    const { table, claimAgain } = await getTables().claimNew()
    await append(table, 1, 0, Buffer.from('old'))
    await table.replaceManifest(Buffer.from('m1'))
    const next = await claimAgain()
    await rejectsWith('fenced', append(table, 1, 3, Buffer.from('late')))
    await rejectsWith('fenced', table.read(1, 0, 10))
    await rejectsWith('fenced', table.truncate(1, 0))
    await rejectsWith('fenced', table.removeOpenFile(1))
    await rejectsWith('fenced', table.finishedFiles())
    await rejectsWith('fenced', table.addFinishedFile('x', { key: 'k', size: 1, crc32c: 1 }))
    await rejectsWith('fenced', table.removeFinishedFile('x'))
    await rejectsWith('fenced', table.readManifest())
    await rejectsWith('fenced', table.proveOwner())
    await next.proveOwner()
    await rejectsWith('fenced', table.replaceManifest(Buffer.from('m2')))
    assert.equal((await readAll(next, 1)).toString(), 'old')
    assert.equal((await next.readManifest())?.toString(), 'm1')
    assert.equal((await next.finishedFiles()).size, 0)
    await next.close()
  })

  test(`${name}: nobody is called back after a table was closed`, async () => {
    const { table, claimAgain } = await getTables().claimNew()
    await append(table, 1, 0, Buffer.from('kept'))
    let isAnswered = false
    table.append(1, 4, [Buffer.from('perhaps')], () => (isAnswered = true))
    await table.close()
    const next = await claimAgain()
    const text = (await readAll(next, 1)).toString()
    assert.ok(text === 'kept' || text === 'keptperhaps', text)
    assert.equal(isAnswered, false)
    await next.close()
  })
}

function testFiles(name: string, getTables: () => TableUnderTest): void {
  test(`${name}: a truncated file ends where it was cut, within a row too, and goes on there`, async () => {
    const { table, claimAgain } = await getTables().claimNew()
    await append(table, 1, 0, Buffer.from('aaaa'))
    await append(table, 1, 4, Buffer.from('bbbb'))
    await append(table, 1, 8, Buffer.from('cccc'))
    await table.truncate(1, 6)
    assert.deepEqual(await table.openFiles(), new Map([[1, 6]]))
    await append(table, 1, 6, Buffer.from('dd'))
    assert.equal((await readAll(table, 1)).toString(), 'aaaabbdd')
    await table.truncate(1, 4)
    const next = await claimAgain()
    assert.deepEqual(await next.openFiles(), new Map([[1, 4]]))
    assert.equal((await readAll(next, 1)).toString(), 'aaaa')
    await next.close()
  })

  test(`${name}: several files are open at once; one that is removed is gone`, async () => {
    const { table, claimAgain } = await getTables().claimNew()
    await append(table, 1, 0, Buffer.from('first'))
    await append(table, 2, 0, Buffer.from('second'))
    await append(table, 3, 0, Buffer.from('third'))
    await table.removeOpenFile(2)
    await table.removeOpenFile(2)
    assert.deepEqual(await table.read(2, 0, 1), [])
    await rejectsWith('missing', table.truncate(2, 0))
    await rejectsWith('io', append(table, 1, 4, Buffer.from('elsewhere')))
    await append(table, 4, 0, Buffer.from('fourth'))
    assert.equal((await readAll(table, 1)).toString(), 'first')
    assert.equal((await readAll(table, 4)).toString(), 'fourth')
    const next = await claimAgain()
    const sizes = [...(await next.openFiles())].toSorted(([left], [right]) => left - right)
    assert.deepEqual(sizes, [
      [1, 5],
      [3, 5],
      [4, 6],
    ])
    await next.close()
  })

  test(`${name}: a manifest takes the place of the last one`, async () => {
    const { table, claimAgain } = await getTables().claimNew()
    assert.equal(await table.readManifest(), undefined)
    await table.replaceManifest(Buffer.from('first'))
    await table.replaceManifest(Buffer.alloc(300_000, 7))
    const next = await claimAgain()
    await next.replaceManifest(Buffer.from('third'))
    assert.equal((await next.readManifest())?.toString(), 'third')
    await next.close()
  })
}

function testFinished(name: string, getTables: () => TableUnderTest): void {
  test(`${name}: finished files have names; a name that is added again has the new object`, async () => {
    const { table } = await getTables().claimNew()
    const file = { key: 'c1/e1/a', size: 5_000_000_000, crc32c: 0xffff_ffff, ends: undefined }
    await table.addFinishedFile('wal/1.log', file)
    await table.addFinishedFile('aside/ü', { key: 'c1/e1/b', size: 0, crc32c: 0 })
    await table.addFinishedFile('wal/1.log', { ...file, key: 'c1/e1/c' })
    await table.removeFinishedFile('aside/ü')
    await table.removeFinishedFile('aside/ü')
    assert.deepEqual(
      await table.finishedFiles(),
      new Map([['wal/1.log', { ...file, key: 'c1/e1/c' }]]),
    )
    await table.close()
  })

  test(`${name}: the ends of a file come back as long as its name has its object`, async () => {
    const { table } = await getTables().claimNew()
    const ends = { head: Buffer.from([0, 255, 1]), tail: Buffer.from('the end') }
    const file = { key: 'c1/e1/a', size: 100, crc32c: 1 }
    const endsOf = async (): Promise<unknown> =>
      (await table.finishedFiles()).get('wal/1.log')?.ends
    await table.addFinishedFile('wal/1.log', { ...file, ends })
    assert.deepEqual(await endsOf(), ends)
    await table.addFinishedFile('wal/1.log', { ...file, key: 'c1/e1/b' })
    assert.equal(await endsOf(), undefined)
    await table.close()
  })
}
