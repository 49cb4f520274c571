// What every MQTT client must see, step by step. Proven against Mosquitto 2.0.

import type { Steps } from './step-table.ts'

/** Steps of a client of any version of MQTT. */
export const mqttSteps: Steps = {
  connect: { sessionPresent: false },
  'MQTT 3.1': { received: 1 },
  'QoS 0': { received: 100, inOrder: true, qos: [0] },
  'QoS 1': { received: 100, inOrder: true, qos: [1] },
  'QoS 2': { received: 100, inOrder: true, qos: [2] },
  'lower QoS': { granted: [0, 1], received: [0, 1] },
  'large payload': { bytes: 921_600, same: true },
  'topic names': { received: ['/lead//', 'a.b/c', 'ä b/日本'] },
  wildcards: { received: ['deep', 'deep/a/b', 'x/temp'] },
  unsubscribe: { received: ['before'] },
  retained: { live: false, stored: true, qos: 1, cleared: 0 },
  'retained by wildcard': { received: ['room/1', 'room/2'] },
  will: { payload: 'gone', qos: 1, retain: false },
  'no will after disconnect': { received: ['end'] },
  'offline messages': { sessionPresent: true, received: 20, inOrder: true, qos: [1, 2] },
  'clean session': { sessionPresent: false, received: ['new'] },
  'take over': { closed: true },
  'shared subscription': { received: 40, again: 0, members: 2 },
  'refused login': { refused: true },
}

/** Steps that only MQTT 5 has. */
export const mqtt5Steps: Steps = {
  properties: {
    contentType: 'text/plain',
    responseTopic: 'answers/here',
    correlation: '00ff80',
    user: [
      ['b', '1'],
      ['b', '3'],
      ['a', '2'],
    ],
    format: 1,
    expires: true,
  },
  'subscription id': { ids: [7] },
  'no local': { received: ['other'] },
  'retain as published': { live: true },
  'retain handling': { received: ['end'] },
  'no matching subscribers': { code: 16 },
  'assigned client id': { assigned: true },
  'topic alias': { received: ['1', '2', '3'] },
  'session expiry': { kept: true, ended: false },
  'will after disconnect': { received: ['left'] },
}
