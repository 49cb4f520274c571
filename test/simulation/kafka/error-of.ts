import { kafkaErrorNames, type KafkaErrorName } from '../../../src/codec/kafka/error-codes.gen.ts'

/** The name of an error code; `NONE` when all went well. */
export function errorOf(code: number): KafkaErrorName {
  const name = kafkaErrorNames.get(code)
  if (name === undefined) throw new Error(`Kafka has no error ${code}`)
  return name
}
