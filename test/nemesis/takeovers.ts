// How long publishers of both protocols wait when the owner of their cell is killed.
import { setTimeout as delay } from 'node:timers/promises'
import { Clients } from './clients.ts'
import { Rig } from './rig.ts'

const recoveryMsMax = 60_000
const pauseMs = 3000

export async function measureTakeovers(count: number, say: (line: string) => void): Promise<void> {
  await using rig = await Rig.start({ nodeCount: 3, bug: undefined })
  await rig.owner()
  await using clients = await Clients.start(rig.ports)
  await clients.confirmedAgain(recoveryMsMax)
  const times = { amqp: [] as number[], kafka: [] as number[] }
  for (let round = 1; round <= count; round++) {
    await delay(pauseMs)
    await rig.forgiveCrashes()
    const owner = await rig.owner()
    const killed = owner.end('SIGKILL')
    // What is on its way from the dead is confirmed by then.
    await killed
    const { amqp, kafka } = await clients.confirmedAgain(recoveryMsMax)
    times.amqp.push(amqp)
    times.kafka.push(kafka)
    say(`${round}: ${Math.round(amqp)} ms (AMQP), ${Math.round(kafka)} ms (Kafka)`)
    rig.ensureRunning()
  }
  for (const [protocol, all] of Object.entries(times)) say(`${protocol}: ${summary(all)}`)
}

function summary(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
  return `p50 ${Math.round(middle)} ms, worst ${Math.round(sorted.at(-1) ?? 0)} ms of ${times.length}`
}
