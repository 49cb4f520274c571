// A broker that is there for as long as a command needs it, on free ports and in a folder that goes with it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { systemClock } from '../../lib/clock.ts'
import { BrokerClient } from '../broker-client.ts'
import { OwnBroker } from '../crash-test/own-broker.ts'
import { otherPortsOff } from '../other-ports-off.ts'
import type { Terminal } from '../terminal.ts'

const ports = ['amqp', 'kafka', 'http'].flatMap((name) => [`--${name}-port`, '0'])

/** Starts one, says so, and removes it with its data when `use` has ended. */
export async function withOwnBroker<T>(
  terminal: Terminal,
  use: (broker: BrokerClient) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pabal-demo-'))
  const own = new OwnBroker(systemClock, folder, [...ports, ...otherPortsOff])
  try {
    await own.start()
    terminal.tell(
      `No broker runs here, so one was started, with data in ${folder}: both go at the end`,
    )
    return await use(new BrokerClient(own.dataFolder, ` --data ${own.dataFolder}`))
  } finally {
    await own.kill()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    terminal.tell('The broker is gone, and its data with it')
  }
}
