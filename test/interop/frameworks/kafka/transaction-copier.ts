// The program of Kafka's own system tests that copies in transactions, killed on the way:
// node transaction-copier.ts HOST:PORT PREFIX

import { rmSync } from 'node:fs'
import { broker, prefix, range, step } from '../../node/report.ts'
import { missingAndDoubled, send, valuesOf } from './kafka-side.ts'
import { folder, makeTopics, RECORDS, run, start, tools } from './system-program.ts'

// A killed copier leaves an open transaction, and its successor asks for its position before it takes the id over. It
// waits for the transaction's own end, a minute where nothing is said.
await step('TransactionalMessageCopier with random aborts, killed', async () => {
  const [from, to] = [`${prefix}-copy-from`, `${prefix}-copy-to`]
  await makeTopics([from, to], 1)
  const values = range(RECORDS).map((n) => `${n}`)
  await send(
    from,
    values.map((value) => ({ key: value, value })),
  )
  const args = [
    `--broker-list ${broker} --input-topic ${from} --input-partition 0 --output-topic ${to}`,
    `--transactional-id ${prefix}-copier --consumer-group ${prefix}-copiers`,
    '--transaction-size 50 --transaction-timeout 10000 --enable-random-aborts --use-group-metadata',
  ].join(' ')
  await using first = start(`${tools}.TransactionalMessageCopier`, args)
  await first.until('some are copied', async () => (await valuesOf(to)).length > 0)
  await first.kill()
  await run(`${tools}.TransactionalMessageCopier`, args)
  const copied = await valuesOf(to)
  return { ...missingAndDoubled(values, copied), inOrder: copied.every((v, n) => v === values[n]) }
})

rmSync(folder, { recursive: true, force: true })
