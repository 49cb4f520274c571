// Where to go for each finding.
import type { Finding } from '../../../src/admin/v1/home/finding.ts'
import { urlOf } from '../../lib/router.ts'

export interface NextStep {
  readonly label: string
  readonly to: string
}

/** Undefined where no page helps. */
export function nextStep(finding: Finding): NextStep | undefined {
  const { kind, vhost, name, connection, transaction } = finding
  const stream = (path: string, label: string): NextStep | undefined =>
    name === undefined ? undefined : { label, to: urlOf(path, { vhost, name }) }
  switch (kind) {
    case 'growing':
      return (
        stream('/stream/consumers', 'See its consumers') ?? listOf('growing', 'See all that grow')
      )
    case 'behind':
      return stream('/stream/consumers', 'See its consumers')
    case 'unconsumed':
      return (
        stream('/stream/messages', 'Look at its messages') ?? listOf('no-consumers', 'See them')
      )
    case 'full':
      return stream('/stream', 'See its limits') ?? listOf('not-empty', 'See the streams')
    case 'dead-letters-kept':
      return stream('/stream/deaths', 'See what died') ?? deaths
    case 'consumer-stuck':
      return { label: 'See the connection', to: urlOf('/connections', { id: connection }) }
    case 'transaction-open':
    case 'transaction-ending':
      return {
        label: transaction === undefined ? 'See what is open' : 'See the transaction',
        to: urlOf('/transactions', { state: 'open', sort: 'started', transaction }),
      }
    case 'group-behind':
      return listOf('lagging', 'See streams that are behind')
    default:
      return ofBroker[kind]
  }
}

const cluster: NextStep = { label: 'See nodes and cells', to: '/cluster' }
const deaths: NextStep = { label: 'See what died', to: '/deaths' }

function listOf(state: string, label: string): NextStep {
  return { label, to: urlOf('/streams', { state, sort: 'messages', desc: true }) }
}

const ofBroker: Readonly<Record<string, NextStep>> = {
  'publishers-blocked': { label: 'See what takes the room', to: '/storage' },
  disk: { label: 'See what takes the space', to: '/storage' },
  'disk-forecast': { label: 'See what takes the space', to: '/storage' },
  memory: { label: 'See what takes it', to: '/storage' },
  files: { label: 'See the connections', to: '/connections' },
  certificate: { label: 'See the settings', to: '/settings' },
  maintenance: { label: 'See the settings', to: '/settings' },
  died: deaths,
  dropped: deaths,
  'cell-down': cluster,
  'cell-unowned': cluster,
  'node-gone': cluster,
  'no-answer': cluster,
  frozen: cluster,
  'rows-wait': cluster,
  'objects-fail': cluster,
}
