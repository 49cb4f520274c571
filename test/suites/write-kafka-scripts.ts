// Writes scripts as those in bin of Kafka's distribution, which suites call, into the folder that is
// named: they start Kafka's own tools. node write-kafka-scripts.ts FOLDER

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareKafkaTools } from '../interop/kafka-tools/tool-runner.ts'

const tools = 'org.apache.kafka.tools'
const scripts: Readonly<Record<string, string>> = {
  'kafka-topics.sh': `${tools}.TopicCommand`,
  'kafka-acls.sh': `${tools}.AclCommand`,
  'kafka-configs.sh': `${tools}.ConfigCommand`,
}

const [folder = 'kafka'] = process.argv.slice(2)
const prepared = await prepareKafkaTools()
if ('missing' in prepared) throw new Error(`missing: ${prepared.missing}`)
const classes = prepared.args[prepared.args.indexOf('-cp') + 1] ?? ''
const bin = join(folder, 'bin')
mkdirSync(bin, { recursive: true })
for (const [name, main] of Object.entries(scripts)) {
  const file = join(bin, name)
  writeFileSync(file, `#!/bin/sh\nexec java -Xmx256m -cp '${classes}' ${main} "$@"\n`)
  chmodSync(file, 0o755)
}
