// Kafka's features: shown, lowered and raised (KIP-584); and requests of what is not configured here, refused in
// Kafka's words.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { kafkaErrors } from '../../../src/codec/kafka/error-codes.gen.ts'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import type { ApiVersionsResponse } from '../../../src/codec/kafka/messages/api-versions.gen.ts'
import { KafkaFixture } from '../../support/kafka-fixture.ts'

const upgrade = 1
const safeDowngrade = 2

const name = 'transaction.version'

function versionsOf({ client }: KafkaFixture, version = 4): Promise<ApiVersionsResponse> {
  const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }
  return client.call('apiVersions', software, version)
}

async function levelOf(kafka: KafkaFixture, feature = name): Promise<number | undefined> {
  const { finalizedFeatures = [] } = await versionsOf(kafka)
  return finalizedFeatures.find((each) => each.name === feature)?.maxVersionLevel
}

/** Returns code and text. */
async function update(
  { client }: KafkaFixture,
  [feature, maxVersionLevel, upgradeType]: readonly [string, number, number],
  validateOnly = false,
): Promise<readonly [number, string]> {
  const updates = [{ feature, maxVersionLevel, upgradeType, allowDowngrade: false }]
  const asked = { timeoutMs: 1000, featureUpdates: updates, validateOnly }
  const { errorCode, errorMessage } = await client.call('updateFeatures', asked)
  return [errorCode, errorMessage ?? '']
}

describe('features', () => {
  it('KIP-584: one is lowered and raised, also over a restart, and clients hear of it', async () => {
    const data = mkdtempSync(join(tmpdir(), 'pabal-features-'))
    try {
      const start = (): Promise<KafkaFixture> => KafkaFixture.start({ storage: 'file', data })
      {
        await using kafka = await start()
        const { finalizedFeaturesEpoch: before = 0 } = await versionsOf(kafka)
        assert.equal(await levelOf(kafka), 2)
        assert.deepEqual(await update(kafka, [name, 1, safeDowngrade], true), [0, ''])
        assert.equal(await levelOf(kafka), 2, 'it was only looked at')
        assert.deepEqual(await update(kafka, [name, 1, safeDowngrade]), [0, ''])
        const { finalizedFeaturesEpoch: after = 0 } = await versionsOf(kafka)
        assert.ok(after > before)
      }
      await using kafka = await start()
      assert.equal(await levelOf(kafka), 1)
      assert.deepEqual(await update(kafka, [name, 2, upgrade]), [0, ''])
      assert.equal(await levelOf(kafka), 2)
    } finally {
      rmSync(data, { recursive: true, force: true })
    }
  })

  it('what cannot be is refused as by Kafka', async () => {
    await using kafka = await KafkaFixture.start()
    const { code } = kafkaErrors.INVALID_UPDATE_VERSION
    const cases = [
      [
        [name, 1, upgrade],
        /Invalid update version 1 for feature transaction\.version\. Can't down/,
      ],
      [[name, 3, upgrade], /Local controller 1 only supports versions 0-2$/],
      [[name, -1, safeDowngrade], /A feature version cannot be less than 0\.$/],
      [[name, 1, 9], /The controller does not support the given upgrade type\.$/],
      [['metadata.version', 25, safeDowngrade], /downgrade from 30 to 25\. Refusing to perform/],
      [['streams.version', 1, upgrade], /Local controller 1 does not support this feature\.$/],
    ] as const
    for (const [asked, text] of cases) {
      const [found, message] = await update(kafka, asked)
      assert.equal(found, code)
      assert.match(message, text)
    }
  })

  it('KAFKA-17011: only clients of the newest version hear of features that may be off', async () => {
    await using kafka = await KafkaFixture.start()
    const namesIn = async (version: number): Promise<unknown> =>
      (await versionsOf(kafka, version)).supportedFeatures?.map((feature) => feature.name)
    assert.deepEqual(await namesIn(3), ['metadata.version'])
    assert.ok(((await namesIn(4)) as string[]).includes(name))
  })
})

describe('what is not configured', () => {
  it('the quorum is fixed', async () => {
    await using kafka = await KafkaFixture.start()
    const voter = { clusterId: null, voterId: 2, voterDirectoryId: zeroUuid }
    const removed = await kafka.client.call('removeRaftVoter', voter)
    assert.deepEqual(
      [removed.errorCode, removed.errorMessage],
      [
        kafkaErrors.UNSUPPORTED_VERSION.code,
        "Cluster doesn't support removing voter because the kraft.version feature is 0",
      ],
    )
    const other = { ...voter, clusterId: 'other' }
    const asked = { ...other, timeoutMs: 1000, listeners: [], ackWhenCommitted: true }
    const { errorCode } = await kafka.client.call('addRaftVoter', asked)
    assert.equal(errorCode, kafkaErrors.INCONSISTENT_CLUSTER_ID.code)
  })

  it('KIP-48: there are no delegation tokens, as where no key for them is set', async () => {
    await using kafka = await KafkaFixture.start()
    const { errorCode } = await kafka.client.call('describeDelegationToken', { owners: null })
    assert.equal(errorCode, kafkaErrors.DELEGATION_TOKEN_AUTH_DISABLED.code)
  })
})
