import { z } from '@millrace/core/plugin'
import { flag, integer, logging, settings } from './schema-parts.ts'

const noEffect = 'Has no effect.'
const noRetries =
  'Has no effect: writes and lookups are tried again for five minutes, by a run that follows changes until it is stopped.'
const scalar = z.union([z.string(), z.number(), z.boolean()]).nullish()

const advancedSchema = z.strictObject({
  source: settings('Settings of the processor on Flink.'),
  target: settings('Settings of the processor on Flink: `batch.size` is used.'),
  dlq: settings('Settings of the processor on Flink: `dlq.enabled` and `max.len` are used.'),
  processor: settings(
    'Settings of the processor on Flink: `default.data.type` and `default.json.update.strategy` are used.',
  ),
  flink: settings('Settings of the processor on Flink.'),
  resources: settings('Settings of the processor on Flink.'),
})

/** `processors`. */
export const processorsSchema = z.strictObject({
  type: z
    .enum(['classic', 'flink'])
    .optional()
    .describe('`classic` (default) or `flink`: whether `advanced` is used.'),
  target_data_type: z
    .enum(['hash', 'json'])
    .optional()
    .describe('What rows become where no job says otherwise: `hash` (default) or `json`.'),
  json_update_strategy: z
    .enum(['replace', 'merge'])
    .optional()
    .describe('Whether JSON documents are replaced (default) or merged.'),
  use_native_json_merge: flag('False: JSON.MERGE is not used. Default true.'),
  error_handling: z
    .enum(['dlq', 'ignore'])
    .optional()
    .describe(
      'Rows that cannot be written are listed, in the target and in a file (`dlq`, default), or only counted.',
    ),
  write_batch_size: integer('Rows in a batch of writes, at most. Default 200.', { min: 1 }),
  initial_sync_processes: integer('Parts of the snapshot read at a time, 1 to 32. Default 4.', {
    min: 1,
    max: 32,
  }),
  retry_max_attempts: integer(noRetries, { min: 1 }),
  retry_initial_delay_ms: integer(noRetries, { min: 1 }),
  retry_max_delay_ms: integer(noRetries, { min: 1 }),
  read_batch_size: integer(noEffect, { min: 1 }),
  read_batch_timeout_ms: integer(noEffect, { min: 1 }),
  dlq_max_messages: integer(
    'Messages that a stream `dlq:<table>` of failed rows has, about. Default 1000.',
    { min: 1 },
  ),
  wait_enabled: flag(noEffect),
  wait_timeout: integer(noEffect, { min: 1 }),
  retry_on_replica_failure: flag(noEffect),
  dedup: flag(noEffect),
  dedup_max_size: integer(noEffect, { min: 1 }),
  dedup_strategy: scalar.describe(noEffect),
  duration: scalar.describe(noEffect),
  on_failed_retry_interval: scalar.describe(noEffect),
  enable_async_processing: flag(noEffect),
  batch_queue_size: integer(noEffect, { min: 1 }),
  ack_queue_size: integer(noEffect, { min: 1 }),
  idle_sleep_time_ms: integer(noEffect, { min: 1 }),
  idle_streams_check_interval_ms: integer(noEffect, { min: 1 }),
  busy_streams_check_interval_ms: integer(noEffect, { min: 1 }),
  logging: logging(),
  advanced: advancedSchema.nullish().describe('Settings of the processor on Flink.'),
})

export type Processors = z.output<typeof processorsSchema>
