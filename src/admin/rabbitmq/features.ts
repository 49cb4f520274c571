// Feature flags and deprecated features of RabbitMQ's nodes. Pabal has neither: its data folder says what it
// needs, and what it has not is not served.
import { z } from 'zod'
import { badRequest } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'

const tag = 'Features'
const none = z.array(z.never()).describe('None')

export function featureOperations(): Operation[] {
  const lists = [
    ['/feature-flags', 'Feature flags: there are none'],
    ['/deprecated-features', 'Features that will go: there are none'],
    ['/deprecated-features/used', 'Those of them that are used'],
  ] as const
  return [
    ...lists.map(([path, summary]) =>
      operation({
        method: 'get',
        path,
        where: 'node',
        tag,
        summary,
        access: 'management',
        answers: { 200: none },
        handle: () => [],
      }),
    ),
    operation({
      method: 'put',
      path: '/feature-flags/{name}/enable',
      where: 'node',
      tag,
      summary: 'Enable a feature flag: there is none to enable',
      access: 'administrator',
      answers: { 400: 'There is no such feature flag' },
      handle: ({ context }) =>
        badRequest(context, 'The feature flag is not supported: there are none'),
    }),
  ]
}
