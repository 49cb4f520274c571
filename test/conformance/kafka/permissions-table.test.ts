// Each API of Kafka's protocol, in each of its versions, with and without each right.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { apiCodecs, type ApiName } from '../../../src/codec/kafka/apis.gen.ts'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { codesIn } from '../../support/codes-in.ts'
import type { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { KafkaWithUsers } from '../../support/kafka-with-users.ts'
import { type Granted, type Kind, refusals, type Row } from './permission-needs.ts'
import { rows } from './permission-rows.ts'

/** What would show nothing if guest got it: refusals, and that there is no such topic. */
const misleading: readonly number[] = [...Object.values(refusals), 3, 100]
const operations = ['configure', 'write', 'read'] as const
const kinds = ['topic', 'group', 'transactional id'] as const
const namesOf: Readonly<Record<Kind, string>> = {
  topic: 't|new',
  group: 'g|s',
  'transactional id': 'x',
}

/**
 * Each way to have or not to have each right, all rights on other names only, on one kind of names only, and
 * an administrator without any.
 */
const cells: readonly Granted[] = [
  ...Array.from({ length: 8 }, (_, bits) => ({
    rights: operations.filter((_operation, at) => (bits >> at) % 2 === 1),
    on: kinds,
    isAdministrator: false,
  })),
  ...[[], ...kinds.map((kind) => [kind])].map((on) => {
    return { rights: operations, on, isAdministrator: false }
  }),
  { rights: [], on: [], isAdministrator: true },
]

let kafka: KafkaWithUsers
/** Of `t`, which is made again when something has changed it. */
let topicId = zeroUuid
before(async () => {
  kafka = await KafkaWithUsers.start()
})
/** Members of share groups are not to wait for others. */
const atOnce = { 'group.share.assignment.interval.ms': '0' }

after(() => kafka[Symbol.asyncDispose]())

/** `t` and `g` are there, and `new` is not. */
async function reset(): Promise<void> {
  await kafka.deleteTopic('new')
  await kafka.deleteTopic('t')
  topicId = await kafka.createTopic('t')
  const { request } = rows.offsetCommit
  const { topics } = await kafka.all.call('offsetCommit', request(2, topicId), 2)
  assert.equal(topics[0]?.partitions[0]?.errorCode, 0)
  kafka.inProcess.broker.settings.put('broker', '', atOnce)
  // `s` has a place in `t` and no member.
  for (const memberEpoch of [0, -1]) {
    const beat = { ...rows.shareGroupHeartbeat.request(1, topicId), memberEpoch }
    assert.equal((await kafka.all.call('shareGroupHeartbeat', beat, 1)).errorCode, 0)
  }
}

async function ask<Name extends ApiName>(
  from: KafkaRawClient,
  api: Name,
  version: number,
): Promise<number[]> {
  const row: Row<Name> = rows[api]
  if (row.changes) await reset()
  return codesIn(await from.call(api, row.request(version, topicId), version))
}

async function grant({ rights, on, isAdministrator }: Granted): Promise<void> {
  const pattern = `^(${['other', ...on.map((kind) => namesOf[kind])].join('|')})$`
  await kafka.putUser(isAdministrator ? ['administrator'] : [])
  await kafka.grant(Object.fromEntries(rights.map((right) => [right, pattern])))
}

/** What the user gets in place of an answer. */
function refusalOf(api: ApiName, version: number, granted: Granted): number | undefined {
  const { needs, tellsSince = 0, onlyBelow = Infinity } = rows[api]
  if (version < tellsSince) return undefined
  if (version >= onlyBelow) return granted.isAdministrator ? undefined : refusals.cluster
  for (const { refused } of needs) {
    const refusal = refused(granted)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function versionsOf(api: ApiName): number[] {
  const { versionMin, versionMax } = apiCodecs[api]
  return Array.from({ length: versionMax - versionMin + 1 }, (_, at) => versionMin + at)
}

describe('rights', () => {
  for (const api of Object.keys(rows) as ApiName[]) {
    it(`${api} with and without each right`, async () => {
      await reset()
      // Its rights change while it is connected.
      await using client = await kafka.login()
      for (const version of versionsOf(api)) {
        const usual = await ask(kafka.all, api, version)
        const misled = usual.filter((each) => misleading.includes(each))
        assert.deepEqual(misled, [], `what guest is told by version ${version}`)
        for (const granted of cells) {
          await grant(granted)
          const refusal = refusalOf(api, version, granted)
          const expected = refusal === undefined ? usual : [refusal]
          const text = `version ${version} with ${JSON.stringify(granted)}`
          assert.deepEqual(await ask(client, api, version), expected, text)
        }
      }
    })
  }

  it('are what the table of docs/permissions.md says', async () => {
    const page = await readFile(new URL('../../../docs/permissions.md', import.meta.url), 'utf8')
    const documented: [api: string, need: string][] = []
    const kafkaRow = /^\| ([^|]+) \| ([^|]+) \| [A-Z_, ]*\|$/gm
    for (const [, apis = '', need = ''] of page.matchAll(kafkaRow)) {
      for (const api of apis.split(', ')) documented.push([api, need])
    }
    const built = Object.entries(rows).map(([api, { needs }]) => {
      const need = needs.map(({ label }) => label).join(', ') || 'login'
      return [`${api[0]?.toUpperCase()}${api.slice(1)}`, need] as const
    })
    assert.deepEqual(Object.fromEntries(documented), Object.fromEntries(built))
  })
})
