// UpdateFeatures (key 57, KIP-584). The checks and their texts are those of Kafka's FeatureControlManager.
import { whenDurable } from '../../broker/when-durable.ts'
import type {
  FeatureUpdateKey,
  UpdateFeaturesResponse,
} from '../../codec/kafka/messages/update-features.gen.ts'
import { answerTo, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import { featureStates, type FeatureState, setFeatureLevels } from './features.ts'
import type { Handler, RequestContext } from './request-context.ts'

const upgradeType = { upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const
/** From here on updates have no answers of their own. */
const wholeVersion = 2
/** From here on updates say of which kind they are. */
const typeVersion = 1
const metadataVersion = 'metadata.version'

export const handleUpdateFeatures: Handler<'updateFeatures'> = async (request, context) => {
  const { featureUpdates: updates, validateOnly: isDryRun } = request
  const { broker, apiVersion } = context
  const answer: UpdateFeaturesResponse = {
    throttleTimeMs: 0,
    errorCode: noError,
    errorMessage: null,
  }
  try {
    const changed = changesOf(updates, context)
    if (!isDryRun && changed.size > 0) {
      await whenDurable(setFeatureLevels(broker.settings, changed))
    }
  } catch (error) {
    const { errorCode, errorMessage } = answerTo(error)
    const text = `The update failed for all features since the following feature had an error: ${errorMessage}`
    return { ...answer, errorCode, errorMessage: text }
  }
  if (apiVersion >= wholeVersion) return answer
  const results = updates.map(({ feature }) => {
    return { feature, errorCode: noError, errorMessage: null }
  })
  return { ...answer, results }
}

/** Levels by name, of the features that get another one. Throws a refusal for the first that cannot be. */
function changesOf(
  updates: readonly FeatureUpdateKey[],
  context: RequestContext,
): ReadonlyMap<string, number> {
  const states = new Map(featureStates(context.broker.settings).map((each) => [each.name, each]))
  const changed = new Map<string, number>()
  for (const update of updates) {
    const { feature, maxVersionLevel } = update
    if (changed.has(feature)) throw invalidRequest(`Feature ${feature} is named twice.`)
    const state = states.get(feature)
    checkUpdate(update, state, context)
    if (state?.level !== maxVersionLevel) changed.set(feature, maxVersionLevel)
  }
  return changed
}

function checkUpdate(
  update: FeatureUpdateKey,
  state: FeatureState | undefined,
  context: RequestContext,
): void {
  const { feature, maxVersionLevel: level } = update
  const type = typeOf(update, context)
  const refuse = (reason: string): KafkaRefusal =>
    invalid(`Invalid update version ${level} for feature ${feature}. ${reason}`)
  if (!Object.values<number>(upgradeType).includes(type)) {
    throw refuse('The controller does not support the given upgrade type.')
  }
  if (level < 0) throw refuse('A feature version cannot be less than 0.')
  // Kafka: a feature that there is not has the level 0.
  const { min, max, level: current } = state ?? { min: 0, max: 0, level: 0 }
  if (level < min || level > max) {
    const what = `Local controller ${context.settings.nodeId}`
    const isThere = max > 0
    throw refuse(
      isThere
        ? `${what} only supports versions ${min}-${max}`
        : `${what} does not support this feature.`,
    )
  }
  if (level < current && type === upgradeType.upgrade) {
    throw refuse(
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
    )
  }
  if (level > current && type !== upgradeType.upgrade) {
    throw refuse("Can't downgrade to a newer version.")
  }
  if (feature !== metadataVersion || level >= current) return
  // It says what Kafka's metadata looks like, which is not here.
  const reason =
    type === upgradeType.unsafeDowngrade
      ? 'Unsafe metadata downgrade is not supported in this version.'
      : 'Refusing to perform the requested downgrade because it might delete metadata information.'
  throw invalid(`Unsupported metadata.version downgrade from ${current} to ${level}. ${reason}`)
}

function typeOf(update: FeatureUpdateKey, { apiVersion }: RequestContext): number {
  if (apiVersion >= typeVersion) return update.upgradeType
  return update.allowDowngrade ? upgradeType.safeDowngrade : upgradeType.upgrade
}

function invalid(message: string): KafkaRefusal {
  return new KafkaRefusal('INVALID_UPDATE_VERSION', message)
}
