// Links of federation and shovels, which monitors ask for whether there are such or not: Telegraf reports an
// error each time that it is told there is no such list. Here there are none.
import { z } from 'zod'
import { type ManagementParts, notFound } from '../answers.ts'
import { answerList, type ListQuery, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'

const lists = [
  { path: '/federation-links', tag: 'Federation', what: 'Links of federation' },
  { path: '/shovels', tag: 'Shovels', what: 'Shovels' },
] as const

export function linkOperations({ broker }: ManagementParts): Operation[] {
  const answer = (query: ListQuery): Promise<Response> =>
    answerList<never>(broker.slices, query, {
      items: [],
      json: () => ({}),
      nameOf: () => '',
      compare: () => 0,
    })
  return lists.flatMap(({ path, tag, what }) => {
    const facts = {
      method: 'get',
      tag,
      access: 'monitoring',
      query: listQuery,
      answers: { 200: listOf(z.object({})) },
    } as const
    return [
      operation({
        ...facts,
        path,
        where: 'node',
        summary: `${what}: there are none`,
        handle: ({ query }) => answer(query),
      }),
      operation({
        ...facts,
        path: `${path}/{vhost}`,
        where: 'node',
        summary: `${what} in a virtual host: there are none`,
        handle: ({ names, query, context }) =>
          broker.findVHost(names.vhost) === undefined ? notFound(context) : answer(query),
      }),
    ]
  })
}
