// Importing it loads what brokers load late: in time that is made, nobody can wait for a file.
import { compactionPass } from '../../src/broker/compaction/compaction.ts'
import { consumerParts } from '../../src/broker/group/consumer/consumer-parts.ts'
import { shareParts } from '../../src/broker/share/share-parts.ts'
import { apiNames } from '../../src/codec/kafka/apis.gen.ts'
import { loadApi } from '../../src/server/kafka/load-api.ts'

for (const api of apiNames.values()) await loadApi(api)
await consumerParts.load()
await shareParts.load()
await compactionPass.load()
