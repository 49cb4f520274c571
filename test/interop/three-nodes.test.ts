// Two programs of test/interop, one of each protocol, at nodes of a cluster of three that do not serve `/`. All others:
// `npm run test:interop:cluster`.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { startThreeNodes } from '../support/three-nodes.ts'
import { chooseClients } from './clients.ts'
import { keepOldRecords } from './interop-broker.ts'
import { runClient } from './run-client.ts'
import { amqpSteps, kafkaSteps } from './steps.ts'

const runMsMax = 300_000

describe('clients of three nodes', { skip: postgresMissing() }, () => {
  it('do at others than the owner what they do at one broker', { timeout: runMsMax }, async () => {
    const { nodes, cluster } = await startThreeNodes(['--kafka-port', '0'])
    await using _ = cluster
    await keepOldRecords(nodes[0]?.kafkaPort ?? 0)
    const runs = chooseClients('kafkajs,pika').map(async (client, turn) => {
      const { protocol, name, cannot } = client
      const prepared = await client.prepare()
      assert.ok('command' in prepared, name)
      const port = protocol === 'kafka' ? nodes[turn]?.kafkaPort : nodes[turn]?.port
      const args = [...prepared.args, `127.0.0.1:${port}`, `${protocol}-nodes`]
      const run = await runClient(prepared.command, args, prepared.env)
      for (const [step, expected] of Object.entries(protocol === 'kafka' ? kafkaSteps : amqpSteps))
        if (!(step in cannot)) {
          const report = run.reports.get(step)
          assert.ok(report, `${name}: ${step}: not reached; the program ${run.ending}`)
          assert.deepEqual(
            [name, step, report.error, report.result],
            [name, step, undefined, expected],
          )
        }
    })
    await Promise.all(runs)
  })
})
