// Virtual hosts. A change is answered when it is durable.
import { z } from 'zod'
import { metadataOf, whyNoVHost } from '../../broker/vhost-asked.ts'
import { compareNames } from '../../lib/compare-names.ts'
import { badRequest, type ManagementParts, notFound, roomToDeclare, stored } from '../answers.ts'
import { judgedLater } from '../api/judged-later.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { gatherList } from '../cluster/gather-list.ts'
import { detailOf, statisticsListQuery, statisticsQuery, wantRates } from './statistics-query.ts'
import {
  permissionListing,
  permissionSchema,
  topicPermissionListing,
  topicPermissionSchema,
} from './user-json.ts'
import { vhostJson, vhostSchema } from './vhost-json.ts'
import { sumVHosts } from './vhost-sums.ts'
import { deleteVHostAnywhere, putVHostAnywhere } from './vhost-ways.ts'

const tag = 'Virtual hosts'
const access = 'administrator'
const path = '/vhosts/{vhost}'

const refusalSchema = z.object({ error: z.string(), reason: z.string() })

const vhostBody = z.object({
  description: judgedLater('string', 'For people').optional(),
  tags: judgedLater(['string', 'array'], 'A list, or text with commas').optional(),
  default_queue_type: judgedLater('string', 'classic, quorum or stream').optional(),
  protected_from_deletion: judgedLater('boolean', 'true: nobody can delete it').optional(),
  tracing: judgedLater(['boolean', 'string'], 'false: tracing is not served').optional(),
})

export function vhostOperations(parts: ManagementParts): Operation[] {
  const { broker, keeper, statistics, clients } = parts
  return [
    operation({
      method: 'get',
      path: '/vhosts',
      where: gatherList('vhosts', ['name']),
      tag,
      summary: 'Virtual hosts that the caller sees',
      access: 'management',
      query: statisticsListQuery,
      answers: { 200: listOf(vhostSchema) },
      async handle({ query, caller }) {
        wantRates(statistics, query)
        const items = await broker.slices.run(sumVHosts(visibleVHosts(broker, caller), parts))
        const shown = { hasStatistics: detailOf(query) === 'statistics', node: clients.nodeName }
        return answerList(broker.slices, query, {
          items,
          json: (summed) => vhostJson(summed, shown),
          nameOf: ({ vhost }) => vhost.name,
          compare: (a, b) => compareNames(a.vhost.name, b.vhost.name),
        })
      },
    }),
    operation({
      method: 'get',
      path,
      tag,
      summary: 'A virtual host',
      access,
      query: statisticsQuery,
      answers: { 200: vhostSchema },
      async handle({ names, query, context }) {
        const vhost = broker.findVHost(names.vhost)
        if (vhost === undefined) return notFound(context)
        wantRates(statistics, query)
        const [summed] = await broker.slices.run(sumVHosts([vhost], parts))
        const hasStatistics = detailOf(query) === 'statistics'
        return vhostJson(summed!, { hasStatistics, node: clients.nodeName })
      },
    }),
    operation({
      method: 'put',
      path,
      where: putVHostAnywhere,
      tag,
      summary: 'Make a virtual host, or change what is known of it',
      access,
      body: vhostBody,
      answers: { 201: 'Made', 204: 'Changed' },
      async handle({ names: { vhost: name }, body, context }) {
        const problem = whyNoVHost(name, body) ?? keeper.whyNoVHost(name)
        if (problem !== undefined) return badRequest(context, problem)
        await roomToDeclare(broker)
        const full = keeper.whyNoVHost(name)
        if (full !== undefined) return badRequest(context, full)
        const before = broker.findVHost(name)
        await keeper.putVHost(name, { ...before?.metadata, ...metadataOf(body) })
        return stored(context, before === undefined)
      },
    }),
    deleteOperation(parts),
    ...protectionOperations(parts),
    ...permissionsInVHostOperations(parts),
  ]
}

function deleteOperation({ broker, keeper }: ManagementParts): Operation {
  return operation({
    method: 'delete',
    path,
    where: deleteVHostAnywhere,
    tag,
    summary: 'Delete a virtual host and all in it; its connections are closed',
    access,
    answers: { 204: 'Deleted', 412: refusalSchema },
    async handle({ names: { vhost: name }, context }) {
      const kept = keeper.whyKept(name)
      if (kept !== undefined) return badRequest(context, kept)
      await roomToDeclare(broker)
      if (keeper.isProtected(name)) {
        const reason = `Refusing to delete virtual host '${name}' because it is protected from deletion`
        return context.json({ error: 'precondition_failed', reason }, 412)
      }
      const done = keeper.deleteVHost(name)
      if (done === undefined) return notFound(context)
      await done
      return context.body(null, 204)
    },
  })
}

function protectionOperations({ broker, keeper }: ManagementParts): Operation[] {
  const ways = [
    { method: 'post', isProtected: true, summary: 'Let nobody delete a virtual host' },
    { method: 'delete', isProtected: false, summary: 'Let it be deleted again' },
  ] as const
  return ways.map(({ method, isProtected, summary }) =>
    operation({
      method,
      path: `${path}/deletion/protection`,
      tag,
      summary,
      access,
      answers: { 204: 'So it is' },
      async handle({ names, context }) {
        await roomToDeclare(broker)
        const vhost = broker.findVHost(names.vhost)
        if (vhost === undefined) return notFound(context)
        await keeper.putVHost(names.vhost, { ...vhost.metadata, isProtected })
        return context.body(null, 204)
      },
    }),
  )
}

function permissionsInVHostOperations({ broker }: ManagementParts): Operation[] {
  const { access: rows } = broker
  return [
    operation({
      method: 'get',
      path: `${path}/permissions`,
      where: 'lead',
      tag,
      summary: 'What each user may do in a virtual host',
      access,
      query: listQuery,
      answers: { 200: listOf(permissionSchema) },
      handle({ names, query, context }) {
        if (broker.findVHost(names.vhost) === undefined) return notFound(context)
        const items = rows.permissions([names.vhost]).filter(({ vhost }) => vhost === names.vhost)
        return answerList(broker.slices, query, permissionListing(items))
      },
    }),
    operation({
      method: 'get',
      path: `${path}/topic-permissions`,
      where: 'lead',
      tag,
      summary: 'Topic permissions of all users in a virtual host',
      access,
      query: listQuery,
      answers: { 200: listOf(topicPermissionSchema) },
      handle({ names, query, context }) {
        if (broker.findVHost(names.vhost) === undefined) return notFound(context)
        const items = rows.topicPermissions().filter(({ vhost }) => vhost === names.vhost)
        return answerList(broker.slices, query, topicPermissionListing(items))
      },
    }),
  ]
}
