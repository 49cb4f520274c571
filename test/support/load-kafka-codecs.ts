// Importing it loads the messages of all of Kafka's APIs: a client may send any.
import { apiCodecs } from '../../src/codec/kafka/apis.gen.ts'

for (const { late } of Object.values(apiCodecs)) await late?.load()
