// `pabal trace`: messages are followed, and what was noted is shown and forgotten.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Outcome, pabal } from '../support/pabal-command.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

let broker: TestBroker
before(async () => {
  broker = await TestBroker.start()
})
after(() => broker[Symbol.asyncDispose]())

function run(line: string): Promise<Outcome> {
  return pabal([...line.split(' '), '--data', broker.dataFolder])
}

test('a message is followed by its id, and the trace is stopped and forgotten', async () => {
  await run('create orders')
  const begun = await run('trace start --message-id 7 --detach')
  const [id = ''] = begun.out
  assert.equal(begun.code, 0, begun.talk.join())
  for (const messageId of ['6', '7']) {
    await run(`publish orders --payload x --property message_id=${messageId}`)
  }
  await run('consume orders')
  const names = async (): Promise<readonly string[]> => (await run(`trace show ${id} -o name`)).out
  await waitFor('the message to be taken', async () => (await names()).includes('got'))
  assert.deepEqual((await names()).toSorted(), ['durable', 'got', 'published', 'routed'])
  const lines = (await run(`trace show ${id}`)).out
  assert.match(lines[0] ?? '', /#1 {2}published +\(default\) → orders .*id 7 {2}1 byte$/)
  assert.match(lines[1] ?? '', /#1 {2}routed +orders @1$/)

  assert.deepEqual((await run(`trace stop ${id}`)).out, [`Trace ${id} is stopped`])
  const followed = await run(`trace show ${id} --follow -o json`)
  assert.equal((JSON.parse(followed.out.join('\n')) as readonly unknown[]).length, 4)
  assert.deepEqual((await run(`trace rm ${id}`)).out, [`Trace ${id} is deleted`])
  const gone = await run(`trace show ${id}`)
  assert.equal(gone.code, 66)
  assert.match(gone.talk.join(), new RegExp(`there is no trace '${id}'; see pabal trace list`))
})

test('a trace needs to be told what to follow, and for how long', async () => {
  assert.match((await run('trace start')).talk.join(), /name the messages to follow/)
  assert.equal((await run('trace start --message-id 7 --seconds 0')).code, 64)
  assert.equal((await run('trace start --message-id 7 --in nowhere')).code, 66)
})
