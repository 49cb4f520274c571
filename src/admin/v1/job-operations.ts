// Jobs on messages: redrive, move, copy, delete. Who may enter a virtual host sees its jobs; only who began one,
// or an administrator, stops it.
import type { Context } from 'hono'
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import type { Job } from '../../broker/jobs/job.ts'
import type { Asker, Jobs } from '../../broker/jobs/jobs.ts'
import { networkLimits } from '../../limits/network.ts'
import { notFound } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { gatherList } from '../cluster/gather-list.ts'
import {
  askedFromJson,
  jobBody,
  jobJson,
  jobSchema,
  previewJson,
  previewSchema,
} from './job-json.ts'

const tag = 'Jobs'
const path = '/v1/jobs/{vhost}'
const bodySizeMax = networkLimits.httpJobSizeMax

export function jobOperations(broker: Broker): Operation[] {
  return [...listOperations(broker), ...beginOperations(broker), ...controlOperations(broker)]
}

function listOperations(broker: Broker): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/v1/jobs',
      where: gatherList('vhosts', ['started']),
      tag,
      summary: 'Jobs of all virtual hosts that the caller sees, oldest first',
      access: 'management',
      query: listQuery,
      answers: { 200: listOf(jobSchema) },
      async handle({ query, caller }) {
        const visible = new Set(visibleVHosts(broker, caller).map(({ name }) => name))
        const { all } = await broker.openJobs()
        // Those of virtual hosts that are gone are left to administrators.
        const seesAll = caller.hasTag('administrator')
        const items = [...all].filter(({ facts }) => seesAll || visible.has(facts.asked.vhost))
        return answerList(broker.slices, query, {
          items,
          json: (job) => ({ ...jobJson(job) }),
          nameOf: ({ id }) => id,
        })
      },
    }),
    operation({
      method: 'get',
      path: `${path}/{id}`,
      tag,
      summary: 'A job',
      access: 'vhost-visible',
      answers: { 200: jobSchema },
      async handle({ names, context }) {
        const job = findJob(await broker.openJobs(), names)
        return job === undefined ? notFound(context) : jobJson(job)
      },
    }),
  ]
}

function beginOperations(broker: Broker): Operation[] {
  const common = { method: 'post', tag, access: 'vhost', body: jobBody, bodySizeMax } as const
  return [
    operation({
      ...common,
      path,
      summary: 'Begin a job: redrive, move, copy or delete messages of a queue',
      answers: { 202: jobSchema },
      async handle({ names: { vhost }, body, caller, context }) {
        const jobs = await broker.openJobs()
        const queue = broker.findVHost(vhost)?.findQueue(body.queue)
        if (queue === undefined) return notFound(context)
        const job = await jobs.start(askedFromJson(vhost, body, queue), askerOf(caller, vhost))
        return context.json(jobJson(job), 202)
      },
    }),
    operation({
      ...common,
      path: `${path}/preview`,
      isUntold: true,
      summary: 'What a job would do; nothing is done',
      answers: { 200: previewSchema },
      async handle({ names: { vhost }, body, caller, context }) {
        const jobs = await broker.openJobs()
        const queue = broker.findVHost(vhost)?.findQueue(body.queue)
        if (queue === undefined) return notFound(context)
        const asked = askedFromJson(vhost, body, queue)
        return previewJson(await jobs.preview(asked, askerOf(caller, vhost)))
      },
    }),
  ]
}

type Control = 'pause' | 'resume' | 'cancel' | 'undo'

const summaries: Readonly<Record<Control, string>> = {
  pause: 'Pause a job that is running',
  resume: 'Go on with a job, with the rights of the caller from now on',
  cancel: 'End a job; what it has done stays',
  undo: 'Begin a job that brings back what a move or redrive has moved and nobody has taken',
}

function controlOperations(broker: Broker): Operation[] {
  const controls = (Object.keys(summaries) as Control[]).map((control) =>
    operation({
      method: 'post',
      path: `${path}/{id}/${control}`,
      tag,
      summary: summaries[control],
      access: 'vhost',
      body: z.strictObject({}),
      answers: control === 'undo' ? { 202: jobSchema } : { 200: jobSchema },
      async handle({ names, caller, context }) {
        const jobs = await broker.openJobs()
        const job = findJob(jobs, names)
        if (job === undefined) return notFound(context)
        if (!mayControl(caller, job)) return refuse(context)
        const asker = askerOf(caller, names.vhost)
        if (control === 'undo') return context.json(jobJson(await jobs.undo(job.id, asker)), 202)
        await (control === 'resume' ? jobs.resume(job.id, asker) : jobs[control](job.id))
        return jobJson(job)
      },
    }),
  )
  const removal = operation({
    method: 'delete',
    path: `${path}/{id}`,
    tag,
    summary:
      'Forget a job that is not running; what it has done stays, and cannot be undone any more',
    access: 'vhost',
    answers: { 204: 'The job is forgotten' },
    async handle({ names, caller, context }) {
      const jobs = await broker.openJobs()
      const job = findJob(jobs, names)
      if (job === undefined) return notFound(context)
      if (!mayControl(caller, job)) return refuse(context)
      await jobs.remove(job.id)
      return context.body(null, 204)
    },
  })
  return [...controls, removal]
}

function findJob(
  jobs: Jobs,
  { vhost, id }: { readonly vhost: string; readonly id: string },
): Job | undefined {
  const job = jobs.find(id)
  return job?.facts.asked.vhost === vhost ? job : undefined
}

function askerOf(caller: Caller, vhost: string): Asker {
  const { user } = caller.principal
  return { user, rights: caller.rightsIn(vhost), lasting: lastingRightsOf(caller) }
}

/** What a token permits cannot be found again without it. */
function lastingRightsOf({ login, principal }: Caller): Asker['lasting'] {
  if (login.kind === 'owner') return { isOwner: true }
  const { user, address, token } = principal
  return token === undefined ? { user, address } : undefined
}

function mayControl(caller: Caller, { facts }: Job): boolean {
  return caller.hasTag('administrator') || caller.principal.user === facts.user
}

function refuse(context: Context): Response {
  const reason = 'Another user began this job: an administrator may stop it'
  return context.json({ error: 'not_authorised', reason }, 401)
}
