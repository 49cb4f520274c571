// Commands do in a shell what they say, whatever the stream is called.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandOn } from './command-on.ts'

const on = (name: string, vhost = '/'): string | undefined =>
  commandOn('peek', { vhost, name }, ['--from', 'last'])

test('a stream stands behind its verb, or where it is taken for no flag', () => {
  assert.equal(on('orders'), 'pabal peek orders --from last')
  assert.equal(on('a b', 'x'), "pabal peek 'a b' --from last --vhost x")
  assert.equal(on('--all', 'x'), 'pabal peek --from last --vhost x -- --all')
})

test('no command is offered for a name that it cannot hold', () => {
  for (const name of ['.', '..', 'a\0b', 'a\udcff']) {
    assert.equal(on(name), undefined, name)
    assert.equal(on('a', name), undefined, name)
  }
  assert.equal(on('...'), 'pabal peek ... --from last')
})
