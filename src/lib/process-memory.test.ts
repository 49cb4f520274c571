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
