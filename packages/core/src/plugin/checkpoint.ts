import type { JsonValue } from '../record/record-batch.ts'
import type { CallOptions } from './context.ts'

/** The run that may write; another one is refused as long as it lives. */
export interface CheckpointOwner {
  /** Names the run; the same as `WriteProgress.fence`. */
  readonly run: string
  /** Name of the machine it runs on, for people. */
  readonly host: string
  /** Its process there, for people. */
  readonly pid: number
}

/** How far one split has come. */
export interface SplitProgress {
  /** Batches of the split that are in the target. */
  readonly sequence: number
  /** As the runtime gave it with the last of them. */
  readonly record: JsonValue
}

/** What a checkpoint holds. */
export interface CheckpointContent {
  /** As the runtime gave it when the job began or ended. */
  readonly header: JsonValue
  /** Progress by id of the split or stream. */
  readonly splits: ReadonlyMap<string, SplitProgress>
  /** The last run that had the fence, while it holds it. */
  readonly owner: CheckpointOwner | undefined
}

/** Progress of a split that is kept without rows. */
export interface ProgressUpdate {
  /** Id of the split or stream. */
  readonly split: string
  /** The sequence that has to stand there; with `undefined` whatever stands there is replaced. */
  readonly expected: number | undefined
  /** What stands there afterwards. */
  readonly sequence: number
  /** To be kept with it, and given back as it is. */
  readonly record: JsonValue
}

/**
 * The progress of a job, kept in the target beside its rows. Every change is refused unless this run holds the fence.
 * Calls that change something throw PluginError TARGET_FENCED when another run has it.
 */
export interface Checkpoint extends AsyncDisposable {
  /**
   * `with-data`: progress and rows of a batch are applied together or not at all. `after-data`: progress follows when
   * the rows are answered, so rows may be written again after a crash.
   */
  readonly atomicity: 'with-data' | 'after-data'
  /** What stands there; `undefined` when there is none. May be called without the fence. */
  read(options: CallOptions): Promise<CheckpointContent | undefined>
  /**
   * Takes the fence, from a run that has ended, too.
   *
   * @throws PluginError TARGET_FENCED while the run that has it lives
   */
  acquire(owner: CheckpointOwner, options: CallOptions): Promise<void>
  /** Begins anew: the header stands there, and no split. */
  begin(header: JsonValue, options: CallOptions): Promise<void>
  /** Puts another header in the place of the one that stands there; the splits stay. Absent: a job cannot get further tables. */
  amend?(header: JsonValue, options: CallOptions): Promise<void>
  /**
   * Waits until what was written so far is as safe as the target's configuration can make it, and says how safe that is.
   * Without the fence it says how safe the target makes what is written. Absent: nothing is known of it. A source is told that
   * it may forget only afterwards.
   */
  confirm?(options: CallOptions): Promise<'memory' | 'replica' | 'disk'>
  /** Keeps the progress of a split, after every write before it. */
  update(progress: ProgressUpdate, options: CallOptions): Promise<void>
  /** Leaves a request for the run that holds the job, or for the next one. Needs no fence. */
  request?(request: JsonValue, options: CallOptions): Promise<void>
  /** Requests that wait, oldest first. */
  requests?(options: CallOptions): Promise<readonly JsonValue[]>
  /** The oldest requests, so many, are dealt with. */
  forgetRequests?(count: number, options: CallOptions): Promise<void>
  /**
   * The job is complete: only the header stays.
   *
   * @param splits the sequence at which every split that was moved has to stand
   * @throws PluginError TARGET_REWOUND when one stands elsewhere: what was acknowledged is lost, nothing is changed, and
   * such splits have to go on from what the checkpoint says
   */
  finish(
    header: JsonValue,
    splits: ReadonlyMap<string, number>,
    options: CallOptions,
  ): Promise<void>
}
