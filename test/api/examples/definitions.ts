import type { Example, Examples } from '../example.ts'

const queues = [{ name: 'defined', durable: true, auto_delete: false, arguments: {} }]
const upload: Example = {
  status: 200,
  body: { queues: queues.map((queue) => ({ ...queue, vhost: '/' })) },
}

export const definitionsExamples: Examples = {
  'GET /definitions': { status: 200, query: { download: 'all.json' } },
  'POST /definitions': upload,
  'GET /all-configuration': { status: 200 },
  'POST /all-configuration': { ...upload, query: { check: 'true' } },
  'GET /definitions/{vhost}': { status: 200, missing: 400 },
  'POST /definitions/{vhost}': { status: 200, body: { queues } },
}
