// The STOMP clients of test/interop: how each is built and started, and which steps it has no means for.

import { join } from 'node:path'
import type { Client } from './client.ts'
import { buildJava, findNode, preparePython } from './languages.ts'

const here: string = import.meta.dirname
const noErrors = 'it does not read an ERROR frame to its end'

/** In the order of the table. */
export const stompClients: readonly Client[] = [
  {
    name: '@stomp/stompjs',
    language: 'Node',
    protocol: 'stomp',
    version: '7.5.0',
    cannot: {},
    prepare: () => findNode('@stomp/stompjs', join(here, 'node/stompjs.ts')),
  },
  {
    name: 'stompit',
    language: 'Node',
    protocol: 'stomp',
    version: '1.0.0',
    cannot: { 'missing queue': noErrors, 'refused login': noErrors },
    prepare: () => findNode('stompit', join(here, 'node/stompit.ts')),
  },
  {
    name: 'stomp.py',
    language: 'Python',
    protocol: 'stomp',
    version: '9.0.0',
    cannot: {},
    prepare: () => preparePython('stomp_client.py'),
  },
  {
    name: "Spring's relay",
    language: 'Java',
    protocol: 'stomp',
    version: '7.0.10',
    cannot: {},
    prepare: () => buildJava('interop.stomp.SpringRelay'),
  },
]
