import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { MiB } from '../limits/units.ts'

const script = `
  import { systemMemory } from ${JSON.stringify(join(import.meta.dirname, 'process-memory.ts'))}
  process.stdout.write(String(systemMemory.heapMax))`

for (const megabytes of [64, 128, 2048]) {
  test(`the heap ends where V8 ends a process whose old generation may have ${megabytes} MiB`, () => {
    const flags = [`--max-old-space-size=${megabytes}`, '--input-type=module', '--eval', script]
    const heapMax = Number(execFileSync(process.execPath, flags, { encoding: 'utf8' }))
    assert.equal(heapMax, megabytes * MiB)
  })
}

/** What lives for a moment makes V8 give its young generation all it may have, which it keeps. */
const busyScript = `
  import { systemMemory } from ${JSON.stringify(join(import.meta.dirname, 'process-memory.ts'))}
  const read = () => (systemMemory.collect(), systemMemory.read().known)
  const before = read()
  let objects = []
  for (let round = 0; round < 40; round++) {
    objects = []
    for (let count = 0; count < 200_000; count++) objects.push({ count, text: 'x' + count })
  }
  objects = []
  const { heapTotal } = (systemMemory.collect(), process.memoryUsage())
  process.stdout.write(JSON.stringify({ grown: read() - before, heapTotal }))`

test('what V8 has freed and keeps is not in use', () => {
  const flags = ['--input-type=module', '--eval', busyScript]
  const output = execFileSync(process.execPath, flags, { encoding: 'utf8' })
  const { grown, heapTotal } = JSON.parse(output) as { grown: number; heapTotal: number }
  assert.ok(heapTotal > 60 * MiB, `V8 keeps ${heapTotal}: the test shows nothing`)
  assert.ok(grown < 10 * MiB, `${grown} more in use`)
})
