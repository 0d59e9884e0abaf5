import { PluginError } from '@millrace/core/plugin'
import { classifyError, fatalError } from '../connection/server-errors.ts'
import type { RespError } from '../resp/resp-error.ts'
import type { GuardAnswer } from './guard.ts'

/**
 * The error for what the guard answered to a batch; `undefined` when the batch stands in the checkpoint, or nothing is
 * wrong.
 */
export function guardError(
  { guardAnswer, sequence }: { readonly guardAnswer: GuardAnswer; readonly sequence: number },
  target: string,
): PluginError | undefined {
  switch (guardAnswer.kind) {
    case 'pass':
      return undefined
    case 'elsewhere':
      return guardAnswer.sequence >= sequence ? undefined : rewound(target)
    case 'gone':
      return checkpointGone(target)
    case 'fenced':
      return fenced(guardAnswer.owner, target)
    case 'error':
      return classifyError(guardAnswer.error) === 'retryable'
        ? rewound(target)
        : fatalError(guardAnswer.error, 'EVAL', target)
  }
}

/** The error for a target that went back in time. */
export function rewound(target: string): PluginError {
  return new PluginError({
    code: 'TARGET_REWOUND',
    message: `Redis at ${target} no longer holds what it acknowledged: it went back in time, as after a failover`,
    hint: 'The job goes on from what the checkpoint holds.',
    isRetryable: true,
  })
}

/** The error for a checkpoint that vanished under the job. */
export function checkpointGone(target: string): PluginError {
  return new PluginError({
    code: 'TARGET_FAILED',
    message: `the checkpoint of the job is gone from Redis at ${target}: the database was flushed, or the server came back without its data, so rows that were written are lost, too`,
    hint: 'See what happened to the server, then run the job again: it begins anew.',
  })
}

/** The error for rows that were written though the guard before them was refused. */
export function unguarded(error: RespError, target: string): PluginError {
  return new PluginError({
    code: 'TARGET_FAILED',
    message: `Redis at ${target} refused to look at the checkpoint (${error.message}) and wrote the rows behind it all the same: rows before them may be missing`,
    hint: 'Run the job again with --restart.',
  })
}

/** The error for list elements of which no guard tells whether they were appended. */
export function unknownOutcome(cause: unknown, target: string): PluginError {
  const found = cause instanceof Error ? cause.message : String(cause)
  return new PluginError({
    code: 'TARGET_FAILED',
    message: `the connection to Redis at ${target} was lost while a batch of list elements was being written (${found}): whether they were appended is not known, so that writing them again could make duplicates`,
    hint: 'Delete the lists of the job before running it again; duplicates are possible otherwise.',
    cause,
  })
}

/** The error for a job whose fence another run has. */
export function fenced(owner: string, target: string): PluginError {
  return new PluginError({
    code: 'TARGET_FENCED',
    message: `another run of this job holds its checkpoint in Redis at ${target}: ${ownerText(owner)}`,
    hint: 'Wait until it has ended, or end it. Two jobs that only share their name need --name.',
  })
}

function ownerText(owner: string): string {
  try {
    const { host, pid } = JSON.parse(owner) as { host: string; pid: number }
    return `process ${pid} on host ${host}`
  } catch {
    return owner
  }
}
