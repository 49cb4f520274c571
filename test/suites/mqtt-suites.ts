// Suites of MQTT brokers: Mosquitto's own tests of its broker, with Pabal in its place (mosquitto/shim.py). MQTT.js has no
// such tests: each of its abstract client tests, and its browser test, has a mock server at hand that it scripts and whose
// packets it looks at (test/node/abstract_client.ts). MQTT.js itself is a client of test/interop.

import { join } from 'node:path'
import { python } from './suite-calls.ts'
import type { Suite } from './suite.ts'

const here: string = join(import.meta.dirname, 'mosquitto')

export const mqttSuites: readonly Suite[] = [
  {
    name: 'mosquitto',
    repository: 'https://github.com/eclipse-mosquitto/mosquitto',
    // What Debian 12 has, fetched by apt.
    commit: 'v2.0.11',
    isModule: true,
    language: python,
    prepare: [{ command: process.execPath, args: [join(here, 'fetch-source.ts')] }],
    run: (results) => ({
      command: process.execPath,
      args: [join(here, 'run-scripts.ts'), results],
    }),
    startsBrokers: true,
    minutesMax: 60,
    format: 'junit',
    hopeless: [
      {
        tests:
          /^(?:01-connect-zero-length-id|02-subpub-qos[01]-oversize-payload|02-subpub-qos0-queued-bytes|03-publish-qos1-(?:retain-disabled|queued-bytes)|04-retain-(?:check-source|upgrade).*|07-will-oversize-payload|10-listener-mount-point|12-prop-maximum-packet-size-broker|13-malformed-publish-v5)$/,
        reason: 'sets in mosquitto.conf what has no setting here',
      },
      {
        tests: /^01-connect-(?:allow-anonymous|uname-or-anon|uname-.*denied.*)$/,
        reason: 'wants 5 (not authorized) for a wrong name or password, which is 4 here',
      },
      {
        tests: /^(?:02-subpub-qos0|02-subscribe|03-publish)-long-topic$/,
        reason: 'has a topic of more than 255 bytes, which are refused here',
      },
      {
        tests:
          /^(?:01-connect-duplicate|02-subpub-qos1-bad-pub(?:comp|rec)|02-subpub-qos2-bad-(?:puback-[12]|pubcomp))$/,
        reason: 'wants a connection of MQTT 5 to end without a word; here a DISCONNECT says why',
      },
      {
        tests: /^02-subpub-qos2$/,
        reason: 'wants its PUBREC before its own message comes back',
        isSometimes: true,
      },
      { tests: /^03-publish-dollar-v5$/, reason: 'publishes to $SYS, which is refused (0x87)' },
      {
        tests: /^07-will-delay(?:-reconnect|-recover)?$/,
        reason: 'wants a will to wait though its session has ended, which MQTT 5 does not allow',
      },
      {
        tests: /^12-prop-maximum-packet-size-publish-qos[12]$/,
        reason: 'wants a packet of 21 bytes where its client takes 20',
      },
      {
        tests: /^12-prop-assigned-client-identifier$/,
        reason:
          'compares the size of a CONNACK, in which there are limits that Mosquitto leaves out',
      },
      {
        tests: /^12-prop-subpub-payload-format$/,
        reason: 'sends the payload format 237, which is refused (0x82)',
      },
      {
        tests: /^13-malformed-(?:subscribe|unsubscribe)-v5$/,
        reason: 'wants 0x81 for the packet identifier 0, which is 0x82 here',
      },
      { tests: /^07-will-properties$/, reason: 'wants properties in the order of its will' },
      {
        tests: /^07-will-takeover$/,
        reason: 'wants no will where a session of MQTT 3.1.1 is taken over and resumed',
      },
    ],
  },
]
