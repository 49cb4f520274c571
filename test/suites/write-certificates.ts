// Writes the certificates that a suite keeps inside its Dockerfile into files beside it: the broker
// of py-amqp's tests is an image that is built with them.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const [folder = '.tls'] = process.argv.slice(2)
const echo = /echo '(-----BEGIN [^']*)' > (\S+\.pem)/g

mkdirSync(folder, { recursive: true })
for (const [, text = '', file = ''] of readFileSync('Dockerfile', 'utf8').matchAll(echo))
  writeFileSync(join(folder, basename(file)), `${text.replaceAll('\\n\\\n', '\n')}\n`)
