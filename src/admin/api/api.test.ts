import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApi } from './api.ts'
import { operation } from './operation.ts'

const shown = operation({
  method: 'get',
  path: '/thing',
  tag: 'Things',
  summary: 'A thing',
  access: 'open',
  answers: { 200: 'It' },
  handle: () => ({}),
})

test('an operation is listed once', () => {
  const create = (operations: readonly (typeof shown)[]): unknown =>
    createApi({ broker: {} as never, operations, caller: async (_, next) => next() })
  create([shown, { ...shown, method: 'put' }])
  assert.throws(() => create([shown, { ...shown }]), /GET \/thing is listed twice/)
})
