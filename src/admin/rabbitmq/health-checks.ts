// Health checks as RabbitMQ 4.2 has them (rabbit_mgmt_wm_health_check_*.erl): 200 for a check that passes, 503
// and the reason for one that fails.
import type { Context } from 'hono'
import { z } from 'zod'
import { badRequest, type ManagementParts, notFound } from '../answers.ts'
import type { Access } from '../api/access.ts'
import { type Call, type Operation, operation } from '../api/operation.ts'
import type { Where } from '../api/where.ts'
import { allVHostsUp, ofThisNode, worstOf } from '../cluster/anybody.ts'
import { targetsOf } from '../cluster/gather.ts'
import { activeProtocols, protocolNamed, rabbitProtocolOf } from './protocol-names.ts'

const tag = 'Health checks'

const passed = z.looseObject({ status: z.literal('ok') })
const failed = z.looseObject({ status: z.literal('failed'), reason: z.string() })

/** What a check finds: undefined or further fields when it passes, and why not when it fails. */
type Finding =
  | Readonly<Record<string, unknown>>
  | (Readonly<Record<string, unknown>> & { readonly reason: string; readonly isFailed: true })
  | Response
  | undefined

interface Check<Path extends string> {
  readonly path: Path
  readonly summary: string
  /** Left out, for users with any tag. */
  readonly access?: Access
  /** Left out, each node answers for itself. */
  readonly where?: Where
  readonly look: (call: Call<Path>) => Finding
}

function check<Path extends string>(asked: Check<Path>): Operation {
  const { path, summary, access = 'management', where = 'node', look } = asked
  return operation({
    method: 'get',
    path,
    tag,
    summary,
    access,
    where,
    answers: { 200: passed, 503: failed, ...(path.includes('{') && { 400: 'It cannot be read' }) },
    handle(call) {
      const found = look(call as Call<Path>)
      if (found instanceof Response) return found
      const { isFailed = false, ...fields } = found ?? {}
      if (isFailed === true) return call.context.json({ status: 'failed', ...fields }, 503)
      return call.context.json({ status: 'ok', ...fields })
    },
  })
}

function failure(reason: string, fields: Readonly<Record<string, unknown>> = {}): Finding {
  return { isFailed: true, reason, ...fields }
}

export function healthCheckOperations(parts: ManagementParts): Operation[] {
  return [
    ...alarmChecks(parts),
    ...serviceChecks(parts),
    ...listenerChecks(parts),
    ...queueChecks(parts),
    ...storeChecks(parts),
    ...olderChecks(parts),
  ]
}

function alarmChecks({ broker, clients: { nodeName: node } }: ManagementParts): Operation[] {
  const look = (reason: string): Finding => {
    const { shortage } = broker
    const alarms = [
      ...(shortage.isShortOf('memory') ? [{ resource: 'memory', node }] : []),
      ...(shortage.isShortOf('disk') ? [{ resource: 'disk space', node }] : []),
    ]
    return alarms.length === 0 ? undefined : failure(reason, { alarms })
  }
  return [
    check({
      path: '/health/checks/alarms',
      summary: 'No publisher is blocked for want of memory or disk',
      where: worstOf((directory) => [
        ...targetsOf('cells', directory),
        ...targetsOf('nodes', directory),
      ]),
      look: () => look('There are alarms in effect in the cluster'),
    }),
    check({
      path: '/health/checks/local-alarms',
      summary: 'The same for this node',
      where: worstOf(ofThisNode),
      look: () => look('There are alarms in effect on the node'),
    }),
  ]
}

function serviceChecks({ source }: ManagementParts): Operation[] {
  const isReady = (): boolean => source.status().state === 'ready'
  return [
    check({
      path: '/health/checks/is-in-service',
      summary: 'The broker is started, and does not stop',
      access: 'open',
      look: () =>
        isReady() ? undefined : failure('this rabbit node is not currently available to serve'),
    }),
    check({
      path: '/health/checks/ready-to-serve-clients',
      summary: 'The broker is started, and listens for AMQP',
      access: 'open',
      look() {
        if (!isReady()) return failure('the rabbit node is not currently available to serve')
        const protocols = activeProtocols(source.status())
        const isListening = protocols.has('amqp') || protocols.has('amqp/ssl')
        return isListening ? undefined : failure('no active listeners for AMQP/AMQPS')
      },
    }),
    check({
      path: '/health/checks/below-node-connection-limit',
      summary: 'There may be more connections: no number limits them',
      access: 'open',
      look: () => undefined,
    }),
    check({
      path: '/health/checks/reached-target-cluster-size',
      summary: 'All nodes are there: one is enough',
      access: 'open',
      look: () => undefined,
    }),
  ]
}

function listenerChecks(parts: ManagementParts): Operation[] {
  const { source } = parts
  return [
    check({
      path: '/health/checks/port-listener/{port}',
      summary: 'Something listens on a port',
      look({ names, context }) {
        if (!/^\d{1,9}$/.test(names.port)) return badRequest(context, 'Invalid port')
        const port = Number(names.port)
        const ports = Object.values(source.status().addresses).map((address) => address.port)
        return ports.includes(port)
          ? { port }
          : failure('No active listener', { missing: port, ports })
      },
    }),
    check({
      path: '/health/checks/protocol-listener/{protocols}',
      summary:
        'Protocols, with commas between them, have a listener each: amqp, amqps, http, kafka, …',
      look({ names }) {
        const active = activeProtocols(source.status())
        const asked = new Set(names.protocols.split(',').map(protocolNamed))
        const missing = [...asked].filter((protocol) => !active.has(protocol))
        const protocols = [...active]
        return missing.length === 0
          ? { protocols }
          : failure('No active listener', { missing, protocols })
      },
    }),
    check({
      path: '/health/checks/certificate-expiration/{within}/{unit}',
      summary:
        'The certificate of the TLS listeners is good for so many days, weeks, months or years',
      look: ({ names, context }) => lookAtCertificate(parts, names, context),
    }),
  ]
}

const dayMs = 86_400_000
/** As RabbitMQ counts them. */
const units: ReadonlyMap<string, number> = new Map([
  ['days', dayMs],
  ['weeks', 7 * dayMs],
  ['months', 30 * dayMs],
  ['years', 365 * dayMs],
])

function lookAtCertificate(
  { source, broker, clients }: ManagementParts,
  { within, unit }: Readonly<Record<'within' | 'unit', string>>,
  context: Context,
): Finding {
  if (!/^\d{1,9}$/.test(within)) return badRequest(context, 'Invalid expiration value.')
  const unitMs = units.get(unit.toLowerCase())
  if (unitMs === undefined) {
    return badRequest(
      context,
      'Time unit not recognised. Supported units: days, weeks, months, years.',
    )
  }
  const { addresses, certificateEndsAt } = source.status()
  const isGood =
    certificateEndsAt === undefined ||
    certificateEndsAt >= broker.clock.now() + Number(within) * unitMs
  if (isGood) return undefined
  const endsAt = new Date(certificateEndsAt).toISOString().slice(0, 19).replace('T', ' ')
  const expired = Object.entries(addresses)
    .filter(([service]) => service.endsWith('-tls'))
    .map(([service, { host, port }]) => ({
      node: clients.nodeName,
      protocol: rabbitProtocolOf(service),
      interface: host,
      port,
      certfile_expires_on: [endsAt],
    }))
  return failure('Certificates expiring', { expired })
}

/** A queue of one node has no leader to lose. */
function queueChecks({ broker, cluster }: ManagementParts): Operation[] {
  const path = '/health/checks/quorum-queues-without-elected-leaders'
  const summary = 'Each quorum queue has a leader: the node that has its virtual host'
  const inVHost = (vhost: string, context: Context): Finding =>
    broker.findVHost(vhost) === undefined ? notFound(context) : undefined
  return [
    check({
      path: '/health/checks/node-is-quorum-critical',
      summary: 'No quorum queue stops with this node alone: others take over, or there is none',
      look: () => (cluster === undefined ? { reason: 'single node cluster' } : undefined),
    }),
    check({ path: `${path}/all-vhosts`, summary, where: allVHostsUp, look: () => undefined }),
    check({
      path: `${path}/all-vhosts/pattern/{pattern}`,
      summary,
      where: allVHostsUp,
      look: () => undefined,
    }),
    check({
      path: `${path}/vhost/{vhost}`,
      summary,
      where: 'vhost',
      look: ({ names, context }) => inVHost(names.vhost, context),
    }),
    check({
      path: `${path}/vhost/{vhost}/pattern/{pattern}`,
      summary,
      where: 'vhost',
      look: ({ names, context }) => inVHost(names.vhost, context),
    }),
  ]
}

function storeChecks({ broker }: ManagementParts): Operation[] {
  const path = '/health/checks/metadata-store/initialized'
  return [
    check({
      path: '/health/checks/virtual-hosts',
      summary: 'Each virtual host is served',
      where: allVHostsUp,
      look: () => undefined,
    }),
    check({ path, summary: 'What was declared is read', look: () => undefined }),
    check({
      path: `${path}/with-data`,
      summary: 'There is a virtual host',
      look: () =>
        broker.vhostNames.length > 0
          ? undefined
          : failure(
              'Metadata store has not yet been initialized: it reports to have no virtual hosts',
            ),
    }),
  ]
}

/** From before there were many. */
function olderChecks({ broker, source, clients }: ManagementParts): Operation[] {
  const ofNode = (): Finding =>
    source.status().state === 'ready'
      ? undefined
      : failure(`node ${clients.nodeName} is not running`)
  return [
    check({
      path: '/aliveness-test/{vhost}',
      summary: 'A virtual host is there',
      access: 'vhost',
      where: 'vhost',
      look: ({ names, context }) =>
        broker.findVHost(names.vhost) === undefined ? notFound(context) : undefined,
    }),
    check({ path: '/healthchecks/node', summary: 'The broker is started', look: ofNode }),
    check({
      path: '/healthchecks/node/{node}',
      summary: 'The same for a node by its name',
      where: 'named-node',
      look: ({ names, context }) =>
        names.node === clients.nodeName ? ofNode() : notFound(context),
    }),
  ]
}
