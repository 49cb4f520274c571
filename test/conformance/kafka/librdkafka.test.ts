// What only librdkafka shows, with kcat: it refuses answers that are larger than it reckoned with.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'

const isThere: boolean = spawnSync('kcat', ['-V']).status === 0
const isRequired: boolean = process.env['PABAL_REQUIRE_ALL'] === '1'
const toolMsMax = 30_000

/** What kcat prints; it ends by itself at the end of all partitions. */
function kcat(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('kcat', args, { timeout: toolMsMax, maxBuffer: 2 ** 26 }, (error, stdout) => {
      if (error === null) resolve(stdout)
      else reject(error)
    })
  })
}

describe('librdkafka', { skip: !isThere && !isRequired && 'kcat is missing' }, () => {
  it('reads everything with a limit for answers that leaves no room for more than was asked', async () => {
    await using kafka = await KafkaFixture.start()
    await kafka.client.call('createTopics', {
      topics: [
        { name: 'tight', numPartitions: 3, replicationFactor: -1, assignments: [], configs: [] },
      ],
      timeoutMs: 1000,
      validateOnly: false,
    })
    const batch = batchOfRecords([{ value: 'v'.repeat(900 * 1024) }])
    for (let count = 0; count < 12; count++) {
      const partitionData = [{ index: count % 3, records: Buffer.from(batch) }]
      const topicData = [{ name: 'tight', topicId: '', partitionData }]
      const produce = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }
      await kafka.client.call('produce', produce, 12)
    }
    const limits = [
      'fetch.max.bytes=1000000',
      'fetch.message.max.bytes=20000000',
      'receive.message.max.bytes=1000512',
    ]
    const broker = `127.0.0.1:${kafka.kafkaPort}`
    const read = ['-C', '-q', '-e', '-t', 'tight', '-o', 'beginning', '-f', '%p\n']
    const output = await kcat(['-b', broker, ...read, ...limits.flatMap((each) => ['-X', each])])
    const partitions = output.trim().split('\n').toSorted()
    assert.deepEqual(partitions, '000011112222'.split(''))
  })
})
