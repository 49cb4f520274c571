// Who may call an operation (rabbit_web_dispatch_access_control.erl of RabbitMQ 4.2.9).
import type { Broker } from '../../broker/broker.ts'
import type { Caller, ManagementTag } from './caller.ts'

/**
 * - `open`: everyone, without a login.
 * - `login`: every user; its permissions say what it may do. For programs.
 * - `management`: users with any of RabbitMQ's tags.
 * - `vhost`: of these, who may enter the virtual host of the path, and administrators.
 * - `vhost-visible`: who `vhost` says, and monitoring.
 * - `policymaker`: policymakers who may enter it, and administrators.
 * - `monitoring`, `administrator`: these, and administrators.
 */
export type Access =
  | 'open'
  | 'login'
  | 'management'
  | 'vhost'
  | 'vhost-visible'
  | 'policymaker'
  | 'monitoring'
  | 'administrator'

export type Refusal =
  | { readonly status: 401; readonly error: 'not_authorised'; readonly reason: string }
  | { readonly status: 404; readonly error: 'not_found'; readonly reason: string }

const notFound: Refusal = { status: 404, error: 'not_found', reason: 'Not Found' }

type Guarded = Exclude<Access, 'open' | 'login'>

/** The tag that an operation asks for, and what who lacks it is told. */
const required: Readonly<Record<Guarded, readonly [tag: ManagementTag, reason: string]>> = {
  management: ['management', 'Not management user'],
  vhost: ['management', 'Not management user'],
  'vhost-visible': ['management', 'Not management user'],
  policymaker: ['policymaker', 'User not authorised to access object'],
  monitoring: ['monitoring', 'Not monitor user'],
  administrator: ['administrator', 'Not administrator user'],
}

/** Those of an operation within a virtual host. */
const entersVHost: ReadonlySet<Access> = new Set(['vhost', 'vhost-visible', 'policymaker'])

/** Why not; undefined when it may. `vhost` is that of the path, if it has one. */
export function whyRefused(
  access: Exclude<Access, 'open'>,
  caller: Caller,
  vhost: string | undefined,
  broker: Broker,
): Refusal | undefined {
  if (access === 'login') return undefined
  const [tag, reason] = required[access]
  if (!caller.hasTag('management')) return refusal('Not management user')
  if (!caller.hasTag(tag)) return refusal(reason)
  if (vhost === undefined || !entersVHost.has(access)) return undefined
  const maySee =
    caller.hasTag('administrator') ||
    (access === 'vhost-visible' && caller.hasTag('monitoring')) ||
    // One that is not there is the operation's own to answer.
    broker.findVHost(vhost) === undefined ||
    caller.rightsIn(vhost).hasAccess
  return maySee ? undefined : notFound
}

function refusal(reason: string): Refusal {
  return { status: 401, error: 'not_authorised', reason }
}
