// Importing it loads the messages of all of Kafka's APIs: a client may send any.
import { apiCodecs } from '../../src/codec/kafka/apis.gen.ts'

await Promise.all(Object.values(apiCodecs).map(({ late }) => late?.load()))
