import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { OpenMode } from './disk.ts'
import { readAt, writeAllAt } from './file-operations.ts'
import { createSystemDisk } from './system-disk.ts'

const onLinux = { skip: process.platform === 'linux' ? false : 'reads /proc' }
const dsyncFlag = 0o10_000

for (const [mode, isSynced] of [
  ['create', false],
  ['create-synced', true],
] satisfies [OpenMode, boolean][]) {
  test(
    `a file opened with ${mode} ${isSynced ? 'waits' : 'does not wait'} for the disk at each write`,
    onLinux,
    async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'pabal-disk-'))
      t.after(() => rm(folder, { recursive: true }))
      const path = join(folder, 'file')
      const file = await createSystemDisk().open(path, mode)
      t.after(() => file.close())

      const flags = await openFlagsOf(path)
      assert.deepEqual(
        flags.map((flag) => flag & dsyncFlag),
        flags.map(() => (isSynced ? dsyncFlag : 0)),
      )
      await writeAllAt(file, [Buffer.from('one '), Buffer.from('write')], 0)
      assert.equal(String(await readAt(file, 0, 9)), 'one write')
    },
  )
}

/** The flags of this process's descriptors for `path`. */
async function openFlagsOf(path: string): Promise<number[]> {
  const flags: number[] = []
  for (const descriptor of await readdir('/proc/self/fd')) {
    const target = await readlink(`/proc/self/fd/${descriptor}`).catch(() => '')
    if (target !== path) continue
    const info = await readFile(`/proc/self/fdinfo/${descriptor}`, 'utf8')
    flags.push(Number.parseInt(/^flags:\s+(\d+)$/m.exec(info)?.[1] ?? '', 8))
  }
  assert.ok(flags.length > 0, `${path} is not open`)
  return flags
}
