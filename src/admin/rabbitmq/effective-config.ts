// The settings as text, which RabbitMQ has in the terms of Erlang.
import type { ManagementParts } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'

export function effectiveConfigOperation({
  settings,
}: Pick<ManagementParts, 'settings'>): Operation {
  return operation({
    method: 'get',
    path: '/config/effective',
    where: 'node',
    tag: 'Cluster',
    summary: 'The settings as text; `/api/v1/config` has them as JSON, with where each is from',
    access: 'administrator',
    answers: { 200: 'A setting on each line' },
    handle: ({ context }) =>
      context.text(
        settings.map(({ setting, value }) => `${setting} = ${JSON.stringify(value)}\n`).join(''),
      ),
  })
}
