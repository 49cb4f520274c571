import type { Examples } from '../example.ts'

export const sessionExamples: Examples = {
  'POST /v1/session': { status: 200, body: { user: 'management', password: 'management' } },
  'DELETE /v1/session': { status: 204 },
  'GET /openapi.json': { status: 200 },
}
