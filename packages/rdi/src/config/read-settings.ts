import type { ProblemList } from '@millrace/core/dialect'
import type { PipelineSettings } from '../model/pipeline.ts'
import type { Extensions } from './config-schema.ts'
import type { Processors } from './processors-schema.ts'

type Overrides = {
  -readonly [key in keyof PipelineSettings]?: PipelineSettings[key]
}

/** The settings of a pipeline, with the defaults of RDI. */
export function readSettings(
  processors: Processors | null | undefined,
  extensions: Extensions | null | undefined,
  problems?: ProblemList,
): PipelineSettings {
  const given = processors ?? {}
  const settings: PipelineSettings = {
    writeBatchSize: given.write_batch_size ?? 200,
    targetDataType: given.target_data_type ?? 'hash',
    jsonUpdateStrategy: given.json_update_strategy ?? 'replace',
    usesNativeJsonMerge: given.use_native_json_merge ?? true,
    errorHandling: given.error_handling ?? 'dlq',
    maxDeadLetters: given.dlq_max_messages ?? 1000,
    initialSyncProcesses: given.initial_sync_processes ?? 4,
    temporal: extensions?.temporal ?? 'rdi',
    dropsUnsupported: extensions?.dropUnsupported ?? false,
    onLostPosition: extensions?.on_lost_position ?? 'fail',
    onTruncate: extensions?.on_truncate ?? 'keys',
    extendedJson: extensions?.extended_json ?? 'unwrapped',
    ...flinkSettings(given, problems),
  }
  const { retry_initial_delay_ms: firstMs = 1000, retry_max_delay_ms: longestMs = 10_000 } = given
  if ((firstMs ?? 1000) > (longestMs ?? 10_000)) {
    const message = `is longer than retry_max_delay_ms, which is ${longestMs ?? 10_000}`
    problems?.error(['processors', 'retry_initial_delay_ms'], message)
  }
  return settings
}

/** `advanced` of the processor on Flink, which wins over the names beside it; the classic one never looks at it. */
function flinkSettings(processors: Processors, problems: ProblemList | undefined): Overrides {
  const overrides: Overrides = {}
  for (const [section, values] of Object.entries(processors.advanced ?? {})) {
    for (const [key, value] of Object.entries(values ?? {})) {
      const path = ['processors', 'advanced', section, key]
      const twin = processors.type === 'flink' ? twins[`${section}:${key}`] : undefined
      if (twin === undefined) {
        const reason =
          processors.type === 'flink' ? 'there is no Flink' : 'RDI uses it with "type: flink" only'
        problems?.warn(path, `has no effect: ${reason}`, 'key')
      } else {
        const expected = twin(String(value), overrides)
        if (expected !== undefined) problems?.error(path, `expected ${expected}, found "${value}"`)
      }
    }
  }
  return overrides
}

/** Takes a value over; gives what was expected where it is another. */
type Twin = (value: string, overrides: Overrides) => string | undefined

function count(field: 'writeBatchSize' | 'maxDeadLetters'): Twin {
  return (value, overrides) => {
    if (!/^[1-9]\d{0,8}$/.test(value)) return 'an integer of at least 1'
    overrides[field] = Number(value)
    return undefined
  }
}

const twins: Readonly<Record<string, Twin>> = {
  'target:batch.size': count('writeBatchSize'),
  'dlq:max.len': count('maxDeadLetters'),
  'processor:default.data.type': (value, overrides) => {
    if (value !== 'hash' && value !== 'json') return '"hash" or "json"'
    overrides.targetDataType = value
    return undefined
  },
  'processor:default.json.update.strategy': (value, overrides) => {
    if (value !== 'replace' && value !== 'merge') return '"replace" or "merge"'
    overrides.jsonUpdateStrategy = value
    return undefined
  },
  'dlq:dlq.enabled': (value, overrides) => {
    if (value !== 'true' && value !== 'false') return 'true or false'
    overrides.errorHandling = value === 'true' ? 'dlq' : 'ignore'
    return undefined
  },
}
