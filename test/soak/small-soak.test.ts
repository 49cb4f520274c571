// The soak scenarios of bench/soak, small and inside this process: the same bounds, and after a
// garbage collection nothing may be left of what has come and gone.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { soakScenarios } from '../../bench/soak/scenarios.ts'
import type { SoakTarget } from '../../bench/soak/soak-target.ts'
import { BrokerInProcess } from '../support/broker-in-process.ts'
import { collectGarbage } from '../support/collect-garbage.ts'

function usedMegabytes(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1e6
}

async function startTarget(): Promise<SoakTarget> {
  const broker = await BrokerInProcess.start()
  return {
    port: broker.port,
    usage: () => ({
      megabytes: usedMegabytes(),
      handles: readdirSync('/proc/self/fd').length,
    }),
    async [Symbol.asyncDispose]() {
      assert.deepEqual(broker.bugs, [])
      await broker[Symbol.asyncDispose]()
    },
  }
}

async function soak(t: TestContext, name: string, scale: number): Promise<void> {
  await using target = await startTarget()
  const report = (text: string): void => t.diagnostic(text)
  await soakScenarios[name]?.({ target, scale, report })
}

test('connections, channels, consumers and queues that come and go leave no memory behind', async (t) => {
  await using target = await startTarget()
  const run = (scale: number): Promise<void> | undefined =>
    soakScenarios['churn']?.({ target, scale, report: () => undefined })
  await run(0.003)
  const before = usedMegabytes()
  await run(0.008)
  const growth = usedMegabytes() - before
  t.diagnostic(`${(growth * 1000).toFixed(0)} kB more after 800 cycles`)
  assert.ok(growth < 2, `${growth} MB`)
})

test('a consumer that never reads holds up neither memory nor the others', async (t) => {
  await soak(t, 'deaf-consumer', 0.04)
})

test('a queue costs little memory', async (t) => {
  await soak(t, 'many-queues', 0.05)
})

test('an idle connection costs little memory', async (t) => {
  await soak(t, 'idle-connections', 0.04)
})

test('messages that wait in a queue are all there', async (t) => {
  await soak(t, 'deep-queue', 0.005)
})

test('acks in random order cost little memory', async (t) => {
  await soak(t, 'random-acks', 0.1)
})
