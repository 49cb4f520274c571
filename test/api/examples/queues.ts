import type { ApiUnderTest } from '../api-under-test.ts'
import type { Example, Examples } from '../example.ts'

export const makeQueue = (api: ApiUnderTest): Promise<unknown> =>
  api.make('POST', '/definitions/%2F', {
    queues: ['classic', 'quorum', 'stream'].map((type) => {
      return { name: type, durable: true, auto_delete: false, arguments: { 'x-queue-type': type } }
    }),
  })

const queue: Example = { status: 200, names: { name: 'quorum' }, before: makeQueue }

export const queueExamples: Examples = {
  'GET /queues': { status: 200, before: makeQueue },
  'GET /queues/{vhost}': { status: 200, before: makeQueue },
  'GET /queues/{vhost}/{name}': queue,
}
