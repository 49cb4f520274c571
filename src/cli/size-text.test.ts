import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sizeText } from './size-text.ts'

test('bytes are shown in the unit that fits', () => {
  assert.deepEqual([0, 1023, 1024, 5 * 1024 ** 3].map(sizeText), [
    '0 bytes',
    '1023 bytes',
    '1.0 KiB',
    '5.0 GiB',
  ])
})
