// Changes Kafdrop in the current folder so that it builds from Maven Central: Confluent's serializers of
// Avro and Protobuf are in no free registry, so classes that refuse stand in for them, and Java 17 is
// enough. Nothing else of it changes.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const serializers = 'io.confluent.kafka.serializers'
const settings = `{
  public static final String SCHEMA_REGISTRY_URL_CONFIG = "schema.registry.url";
  public static final String BASIC_AUTH_CREDENTIALS_SOURCE = "basic.auth.credentials.source";
  public static final String USER_INFO_CONFIG = "basic.auth.user.info";
}`
const kafka = 'org.apache.kafka.common.serialization'
const refusal = '{ throw new UnsupportedOperationException("without Confluent\'s serializers"); }'
const deserializer = (type: string): string =>
  `implements ${kafka}.Deserializer<${type}> { public ${type} deserialize(String topic, byte[] data) ${refusal} }`
const serializer = `implements ${kafka}.Serializer<Object> { public byte[] serialize(String topic, Object data) ${refusal} }`

const classes = [
  ['AbstractKafkaSchemaSerDeConfig', settings],
  ['KafkaAvroDeserializerConfig', settings],
  ['KafkaAvroDeserializer', deserializer('Object')],
  ['KafkaAvroSerializer', serializer],
  ['protobuf.KafkaProtobufDeserializer<T>', deserializer('T')],
] as const

for (const [name, body] of classes) {
  const full = `${serializers}.${name.replace('<T>', '')}`
  const file = join('src/main/java', `${full.replaceAll('.', '/')}.java`)
  mkdirSync(dirname(file), { recursive: true })
  const [inside, own] = [full.slice(0, full.lastIndexOf('.')), name.split('.').at(-1)]
  writeFileSync(file, `package ${inside};\npublic class ${own} ${body}\n`)
}

const annotations =
  '<dependency><groupId>org.jetbrains</groupId><artifactId>annotations</artifactId><version>26.0.2</version></dependency>'
const pom = readFileSync('pom.xml', 'utf8')
  .replaceAll(/<dependency>\s*<groupId>io\.confluent<.*?<\/dependency>/gs, '')
  .replace(/<repositories>.*?<\/repositories>/s, '')
  .replaceAll(/<(source|target|release)>25</g, '<$1>17<')
  // It came with what is left out.
  .replace('<dependencies>', `<dependencies>${annotations}`)
writeFileSync('pom.xml', pom)
