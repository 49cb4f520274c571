// Where the clients of a cluster, and its other nodes, reach this one.
import os from 'node:os'
import type { NodeAddresses } from '../cluster/directory.ts'
import type { Address } from '../lib/listen.ts'
import { parseAdvertised } from './advertised-address.ts'
import { parseNodeAddress } from './node-address.ts'
import type { NodeFrame } from './node-frame.ts'

/** A machine that listens on all of its addresses is known by its name. */
const allAddresses: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** Known once the listeners are open. Throws `ExitError` for a setting that is no address. */
export function addressesOf({ options, addresses }: NodeFrame): NodeAddresses {
  const plain = parseAdvertised(options.kafkaAdvertised, 'kafka-advertised')
  const secure = parseAdvertised(options.kafkaTlsAdvertised, 'kafka-tls-advertised')
  const named = parseNodeAddress(options.nodeAddress)
  const link = addresses['node']
  const at = (service: string): Address | undefined => {
    const open = addresses[service]
    return open && { host: named?.host ?? hostOf(open), port: open.port }
  }
  const kafkaTls = at('kafka-tls')
  const found: Record<keyof NodeAddresses, Address | undefined> = {
    link: link && { port: link.port, host: hostOf(link), ...named },
    amqp: at('amqp'),
    amqpTls: at('amqp-tls'),
    kafka: plain ?? at('kafka'),
    kafkaTls: secure ?? (kafkaTls && plain ? { ...kafkaTls, host: plain.host } : kafkaTls),
    http: at('http'),
  }
  return Object.fromEntries(Object.entries(found).filter(([, address]) => address !== undefined))
}

function hostOf({ host }: Address): string {
  return allAddresses.has(host) ? os.hostname() : host
}
