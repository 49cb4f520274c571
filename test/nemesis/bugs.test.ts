// Mistakes are planted as a node loads the files that they change: one in a file that has gone would be planted nowhere.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bugs } from './bugs.ts'

const sources = join(import.meta.dirname, '../../src')

for (const [name, { changes }] of Object.entries(bugs)) {
  test(`the mistake ${name} has a place`, () => {
    const texts = new Map<string, string>()
    for (const { file, from, to } of changes) {
      const path = join(sources, file)
      assert.ok(existsSync(path), `there is no ${file}`)
      const text = texts.get(file) ?? readFileSync(path, 'utf8')
      assert.ok(text.includes(from), `${file} has no "${from}"`)
      texts.set(
        file,
        text.replace(from, () => to),
      )
    }
  })
}
