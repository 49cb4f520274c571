// 5,000 connections with a channel each that do nothing: what one costs, and whether it comes back.
import { setTimeout as sleep } from 'node:timers/promises'
import { describeUsage, expectAtMost, type SoakScenario } from './soak-scenario.ts'
import { SoakSocket } from './soak-socket.ts'

const CONNECTIONS = 5000
const AT_ONCE = 50
const KB_PER_CONNECTION_MAX = 60
const CLOSED_MS_MAX = 15_000

export const idleConnections: SoakScenario = async ({ target, scale, report }) => {
  const count = Math.round(CONNECTIONS * scale)
  const before = target.usage()
  report(describeUsage('before', target))
  const started = performance.now()
  const clients: SoakSocket[] = []
  while (clients.length < count) {
    const more = Array.from({ length: Math.min(AT_ONCE, count - clients.length) }, () =>
      SoakSocket.open(target.port),
    )
    clients.push(...(await Promise.all(more)))
  }
  report(`opened ${(count / ((performance.now() - started) / 1000)).toFixed(0)} connections/s`)
  const open = target.usage()
  report(describeUsage(`${count} connections`, target))
  for (const client of clients) client.socket.destroy()
  const deadline = performance.now() + CLOSED_MS_MAX
  while (target.usage().handles > before.handles && performance.now() < deadline) await sleep(50)
  report(describeUsage('all gone', target))
  const perConnection = ((open.megabytes - before.megabytes) * 1000) / count
  report(`${perConnection.toFixed(1)} kB per connection`)
  expectAtMost('kB per connection', perConnection, KB_PER_CONNECTION_MAX)
  expectAtMost('handles left', target.usage().handles - before.handles, 0)
}
