// What is asked is what was meant, and what is copied does in a shell what it says.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { ask, caller, curlOf, isTypable, shellQuoted } from './api.ts'
import { apiPath } from './names.ts'

test('a path that a browser would shorten is refused, as it names something else', async (context) => {
  const asked = context.mock.method(globalThis, 'fetch', () => Promise.reject(new Error('asked')))
  for (const path of [
    apiPath`/v1/streams/${'/'}/${'.'}/messages`,
    apiPath`/queues/${'/'}/${'..'}`,
    apiPath`/queues/${'..'}/${'a'}?if-empty=true`,
  ]) {
    await assert.rejects(ask('DELETE', path), /which a browser cannot send/)
  }
  assert.equal(asked.mock.callCount(), 0)
  await assert.rejects(ask('GET', apiPath`/queues/${'/'}/${'...'}?sort=../..`), /not answer/)
  assert.equal(asked.mock.callCount(), 1)
})

test('curl is told to leave dots in a path alone', (context) => {
  Object.assign(globalThis, { location: { origin: 'http://127.0.0.1:15672' } })
  context.after(() => Reflect.deleteProperty(globalThis, 'location'))
  assert.match(curlOf('GET', apiPath`/queues/${'/'}/${'..'}`), / --path-as-is /)
  assert.doesNotMatch(curlOf('GET', apiPath`/queues/${'/'}/${'a.b'}`), /path-as-is/)
})

test('curl logs in as who is logged in', (context) => {
  Object.assign(globalThis, { location: { origin: 'http://127.0.0.1:15672' } })
  context.after(() => {
    Reflect.deleteProperty(globalThis, 'location')
    caller.value = 'guest'
  })
  assert.match(curlOf('GET', '/whoami'), /^curl -u guest:guest http/)
  caller.value = 'anna b'
  assert.match(curlOf('GET', '/whoami'), /^curl -u 'anna b' http/)
})

test('a word is the same to a shell, whatever it holds', () => {
  const words = [
    '',
    '=ls',
    '~',
    '-x',
    "it's",
    '$(id)',
    '`id`',
    '!!',
    'a\nb',
    '\u001b[201~\nid',
    '\\n',
  ]
  const character = fc.string({ unit: 'binary', maxLength: 3 })
  const samples = fc.sample(character, 200).filter(isTypable)
  const all = [...words, ...samples, '\u202eexe.txt', '\u00ad1', '🐇']
  const script = all.map((word) => `printf '%s\\0' ${shellQuoted(word)}`).join('\n')
  const printed = execFileSync('bash', ['-c', script], { encoding: 'utf8' })
  assert.deepEqual(printed.split('\0').slice(0, -1), all)
})

test('a word that is pasted holds no control, and nothing that changes its direction', () => {
  assert.equal(shellQuoted('orders'), 'orders')
  assert.equal(shellQuoted('a b'), "'a b'")
  assert.equal(shellQuoted("it's\u001b[201~\nid"), String.raw`$'it\'s\x1b[201~\nid'`)
  assert.equal(shellQuoted('a\u202eb'), String.raw`$'a\xe2\x80\xaeb'`)
})

test('no command line holds a zero or bytes that are no UTF-8', () => {
  assert.deepEqual(['a', 'a\nb', 'a\0b', 'a\udcffb'].map(isTypable), [true, true, false, false])
})
