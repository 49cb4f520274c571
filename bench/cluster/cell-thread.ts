// A broker in a thread: see two-cells.ts.
import { parentPort, workerData } from 'node:worker_threads'
import { startBroker } from '../../src/start-broker.ts'
import type { CellThreadData } from './two-cells.ts'

const { data } = workerData as CellThreadData
const off = 'off'
const broker = await startBroker({
  data,
  amqpPort: 0,
  kafkaPort: off,
  httpPort: off,
  metricsPort: off,
  mqttPort: off,
  mqttWsPort: off,
  stompPort: off,
  stompWsPort: off,
})
parentPort?.postMessage(broker.addresses['amqp']?.port ?? 0)
