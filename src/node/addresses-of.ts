// Where the clients of a cluster, and its other nodes, reach this one.
import os from 'node:os'
import type { NodeAddresses } from '../cluster/directory.ts'
import type { Address } from '../lib/listen.ts'
import { parseAdvertised } from './advertised-address.ts'
import type { NodeFrame } from './node-frame.ts'

/** A machine that listens on all of its addresses is known by its name. */
const allAddresses: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** Known once the listeners are open. */
export function addressesOf({ options, addresses }: NodeFrame): NodeAddresses {
  const plain = parseAdvertised(options.kafkaAdvertised, 'kafka-advertised')
  const secure = parseAdvertised(options.kafkaTlsAdvertised, 'kafka-tls-advertised')
  const at = (service: string): Address | undefined => {
    const open = addresses[service]
    return (
      open && { host: allAddresses.has(open.host) ? os.hostname() : open.host, port: open.port }
    )
  }
  const kafkaTls = at('kafka-tls')
  const found: Record<keyof NodeAddresses, Address | undefined> = {
    link: at('node'),
    amqp: at('amqp'),
    amqpTls: at('amqp-tls'),
    kafka: plain ?? at('kafka'),
    kafkaTls: secure ?? (kafkaTls && plain ? { ...kafkaTls, host: plain.host } : kafkaTls),
    http: at('http'),
  }
  return Object.fromEntries(Object.entries(found).filter(([, address]) => address !== undefined))
}
