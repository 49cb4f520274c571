// Importing it loads what brokers load late: in time that is made, nobody can wait for a file.
import { compactionPass } from '../../src/broker/compaction/compaction.ts'
import { apiNames } from '../../src/codec/kafka/apis.gen.ts'
import { loadApi } from '../../src/server/kafka/load-api.ts'

for (const api of apiNames.values()) await loadApi(api)
await compactionPass.load()
