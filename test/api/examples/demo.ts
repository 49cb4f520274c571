// The demo.
import type { Examples } from '../example.ts'

export const demoExamples: Examples = {
  'GET /v1/demo': { status: 200 },
  'POST /v1/demo': { status: 201, body: { seconds: 1 } },
  'DELETE /v1/demo': { status: 204 },
}
