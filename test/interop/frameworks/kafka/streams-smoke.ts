// The smoke test of Kafka Streams, killed on the way: node streams-smoke.ts HOST:PORT PREFIX

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { broker, step } from '../../node/report.ts'
import { properties } from './connect-worker.ts'
import { recordsOf } from './kafka-side.ts'
import { folder, makeTopics, run, start } from './system-program.ts'

await step('StreamsSmokeTest, exactly once, killed', async () => {
  const main = 'org.apache.kafka.streams.tests.StreamsSmokeTest'
  const file = join(folder, 'smoke.properties')
  const settings = {
    'bootstrap.servers': broker,
    'state.dir': join(folder, 'state'),
    'processing.guarantee': 'exactly_once_v2',
    'session.timeout.ms': '6000',
  }
  writeFileSync(file, properties(settings))
  await makeTopics(['data', 'echo', 'max', 'min', 'dif', 'sum', 'cnt', 'avg', 'tagg'], 5)
  const driver = run(main, `${file} run`)
  await using first = start(main, `${file} process`)
  await first.until('some is counted', async () => (await recordsOf('cnt')).length > 50)
  await first.kill()
  await using _second = start(main, `${file} process`)
  const said = await driver
  return { success: /^SUCCESS$/m.test(said), failed: /PROCESSED-\w+ FAILED|^FAIL/m.test(said) }
})

rmSync(folder, { recursive: true, force: true })
