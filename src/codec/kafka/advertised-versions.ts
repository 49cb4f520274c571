import { apiCodecs, type ApiName } from './apis.gen.ts'

export interface VersionRange {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

/**
 * What ApiVersions answers: the ranges of Kafka 4.3 for the APIs in `served`. Produce is advertised
 * from version 0, as Kafka does, because librdkafka silently stops compressing otherwise
 * (KAFKA-18659); versions 0 to 2 are refused all the same.
 */
export function advertisedVersions(served: readonly ApiName[]): readonly VersionRange[] {
  return served
    .map((name) => apiCodecs[name])
    .map(({ name, key, versionMin, versionMax }) => ({
      apiKey: key,
      minVersion: name === 'produce' ? 0 : versionMin,
      maxVersion: versionMax,
    }))
    .sort((one, other) => one.apiKey - other.apiKey)
}
