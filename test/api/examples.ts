// An example for each operation of the document. Whoever adds an operation adds one, in the file of its area.
import type { Examples } from './example.ts'
import { accessExamples } from './examples/access.ts'
import { connectionExamples } from './examples/connections.ts'
import { definitionsExamples } from './examples/definitions.ts'
import { demoExamples } from './examples/demo.ts'
import { jobExamples } from './examples/jobs.ts'
import { moveExamples } from './examples/moves.ts'
import { mqttExamples } from './examples/mqtt.ts'
import { nodeExamples } from './examples/node.ts'
import { overviewExamples } from './examples/overview.ts'
import { policyExamples } from './examples/policies.ts'
import { queueExamples } from './examples/queues.ts'
import { sessionExamples } from './examples/session.ts'
import { streamExamples } from './examples/streams.ts'
import { traceExamples } from './examples/traces.ts'
import { transactionExamples } from './examples/transactions.ts'

export const examples: Examples = {
  ...accessExamples,
  ...connectionExamples,
  ...definitionsExamples,
  ...demoExamples,
  ...jobExamples,
  ...moveExamples,
  ...mqttExamples,
  ...nodeExamples,
  ...overviewExamples,
  ...policyExamples,
  ...queueExamples,
  ...sessionExamples,
  ...streamExamples,
  ...traceExamples,
  ...transactionExamples,
}
