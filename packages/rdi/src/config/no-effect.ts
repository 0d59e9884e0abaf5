import { isRecord, valueAt, type ConfigPath, type ProblemList } from '@millrace/core/dialect'

const memory = 'batches are bounded by bytes, whatever their rows'
const staging = 'there are no streams between source and target'
const oneProcess = 'a pipeline is one process'
const patience =
  'a write is tried again for five minutes, by a run that follows changes until it is stopped; so is a lookup'
const deprecated = 'RDI has dropped it, too'
const collector = 'there is no collector beside Millrace'

/** Keys that RDI knows and that change nothing here, with the reason; `*` stands for any name. */
const withoutEffect: readonly (readonly [path: string, reason: string])[] = [
  ['sources.*.logging', 'use --log-level'],
  ['sources.*.advanced.sink', staging],
  ['sources.*.advanced.quarkus', collector],
  ['sources.*.advanced.java_options', collector],
  ['sources.*.advanced.resources', oneProcess],
  ['sources.*.advanced.flink', collector],
  ['sources.*.advanced.riotx', collector],
  ['processors.read_batch_size', memory],
  ['processors.read_batch_timeout_ms', staging],
  ['processors.retry_max_attempts', patience],
  ['processors.retry_initial_delay_ms', patience],
  ['processors.retry_max_delay_ms', patience],
  ['processors.wait_enabled', 'what the replicas hold is asked for wherever it matters'],
  ['processors.wait_timeout', 'what the replicas hold is asked for wherever it matters'],
  ['processors.retry_on_replica_failure', 'a write is repeated until it is settled'],
  ['processors.dedup', 'no row is written twice'],
  ['processors.dedup_max_size', 'no row is written twice'],
  ['processors.dedup_strategy', deprecated],
  ['processors.duration', deprecated],
  ['processors.on_failed_retry_interval', deprecated],
  ['processors.enable_async_processing', 'reading and writing always overlap'],
  ['processors.batch_queue_size', memory],
  ['processors.ack_queue_size', staging],
  ['processors.idle_sleep_time_ms', staging],
  ['processors.idle_streams_check_interval_ms', staging],
  ['processors.busy_streams_check_interval_ms', staging],
  ['processors.logging', 'use --log-level'],
]

/** Warns of every key in `config.yaml` that is accepted and changes nothing. */
export function warnOfNoEffect(value: unknown, problems: ProblemList): void {
  for (const [pattern, reason] of withoutEffect) {
    for (const path of expand(value, pattern.split('.'))) {
      const found = valueAt(value, path)
      if (found === undefined || found === null) continue
      problems.warn(path, `has no effect: ${reason}`, 'key')
    }
  }
}

/** The paths that a pattern stands for in a value. */
function expand(value: unknown, pattern: readonly string[]): readonly ConfigPath[] {
  const star = pattern.indexOf('*')
  if (star < 0) return [pattern]
  const before = pattern.slice(0, star)
  const around = valueAt(value, before)
  if (!isRecord(around)) return []
  return Object.keys(around).map((name) => [...before, name, ...pattern.slice(star + 1)])
}
