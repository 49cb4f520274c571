// Suites of MQTT brokers: Mosquitto's own tests of its broker, with Pabal in its place (mosquitto/shim.py).

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
          /^(?:01-connect-zero-length-id|02-subpub-qos[01]-oversize-payload|02-subpub-qos0-queued-bytes|03-publish-qos1-(?:retain-disabled|queued-bytes)|04-retain-(?:check-source|upgrade).*|07-will-oversize-payload|10-listener-mount-point)$/,
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
        tests: /^(?:02-subpub-qos1-nolocal|11-persistent-subscription-no-local)$/,
        reason:
          'publishes what only its own subscription without local messages has, which nobody gets (0x10)',
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
      { tests: /^07-will-properties$/, reason: 'wants properties in the order of its will' },
      {
        tests: /^07-will-takeover$/,
        reason: 'wants no will where a session of MQTT 3.1.1 is taken over and resumed',
      },
    ],
  },
]
