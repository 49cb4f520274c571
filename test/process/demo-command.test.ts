// `pabal demo`, as somebody starts and ends it.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { pabal } from '../support/pabal-command.ts'
import { startPabal } from '../support/run-pabal.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'
import { ScratchFolder } from './broker-program.ts'

test('on a running broker it says what goes on, and Ctrl-C takes all away', async () => {
  await using broker = await TestBroker.start(['--kafka-port', '0'])
  const place = ['--data', broker.dataFolder]
  const { child, ended, stderr } = startPabal(['demo', ...place, '-o', 'ndjson'])
  const queues = async (): Promise<unknown> => {
    const { out } = await pabal(['ls', ...place, '-o', 'name'])
    return out.toSorted()
  }
  await waitFor('the demo runs', () => stderr().includes('Ctrl-C'), 30_000)
  assert.deepEqual(await queues(), ['demo.billing', 'demo.dead', 'demo.orders.stream'])
  const again = await pabal(['demo', '--detach', ...place])
  assert.match(again.out.join('\n'), /pabal dlq redrive demo\.dead --data/)
  child.kill('SIGINT')
  const { code, stdout } = await ended
  assert.equal(code, 0, stderr())
  for (const line of stdout.split('\n').slice(0, -1)) JSON.parse(line)
  assert.match(stderr(), /what it made is gone/)
  assert.deepEqual(await queues(), [])
})

test('--stop ends one that was left running, and says when there is none', async () => {
  await using broker = await TestBroker.start()
  const place = ['--data', broker.dataFolder]
  const begun = await pabal(['demo', '--detach', '--seconds', '60', ...place])
  assert.match(begun.talk.join(), /or by pabal demo --stop --data/)
  const stopped = await pabal(['demo', '--stop', ...place])
  assert.deepEqual(stopped.talk, ['The demo has ended, and what it made is gone'])
  const none = await pabal(['demo', '--stop', ...place])
  assert.deepEqual(none.talk, ['There is no demo, and nothing of one'])
})

test('without a broker it starts one, of which nothing is left', async () => {
  using folder = new ScratchFolder()
  const data = folder.file('nothing')
  const { ended } = startPabal(['demo', '--data', data, '--seconds', '1'])
  const { code, stdout, stderr } = await ended
  assert.equal(code, 0, stderr)
  const own = /one was started, with data in (\S+):/.exec(stderr)?.[1] ?? ''
  assert.match(own, /pabal-demo-/)
  assert.match(stdout, /Watch it: +http:\/\/localhost:\d+\/demo/)
  assert.match(stderr, /The demo has ended: its time was over/)
  assert.deepEqual([existsSync(own), existsSync(data)], [false, false])
})

test('Ctrl-C ends a broker that was started for it, and removes its data', async () => {
  using folder = new ScratchFolder()
  const { child, ended, stdout } = startPabal(['demo', '--data', folder.file('nothing')])
  await waitFor('the demo runs', () => stdout().includes('Watch it'), 30_000)
  child.kill('SIGINT')
  const { code, stderr } = await ended
  assert.equal(code, 0, stderr)
  const own = /one was started, with data in (\S+):/.exec(stderr)?.[1] ?? ''
  assert.equal(existsSync(own), false)
})

test('it says what it cannot do', async () => {
  assert.equal((await pabal(['demo', '--seconds', '601'])).code, 64)
  assert.equal((await pabal(['demo', '--stop', '--data', '/nonexistent'])).code, 69)
  assert.equal((await pabal(['demo', '--url', 'http://127.0.0.1:1'])).code, 69)
})
