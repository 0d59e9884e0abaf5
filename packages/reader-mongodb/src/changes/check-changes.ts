import type { Finding } from '@millrace/core/plugin'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import type { SourceClient } from '../connection/source-client.ts'
import { sourceFaultOf, statementError, statementErrorCode } from '../connection/source-error.ts'
import { operationTime } from '../snapshot/exact-snapshot.ts'
import type { FollowedCollection, FollowedCollections } from './followed-collection.ts'
import { readOplog } from './log-status.ts'
import { changeCursor } from './open-stream.ts'
import { readServerVersion, splitsLargeEvents } from './server-version.ts'

/** An oplog that reaches back less than that leaves little time to mend what stands still. */
const leastWindowHours = 24

/** What stands in the way of following changes, or may do so later. */
export async function checkChanges(
  source: SourceClient,
  collections: FollowedCollections,
  config: PipelineConfig,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (!source.facts.hasOplog) return [standalone]
  const version = await readServerVersion(source, signal)
  return [
    ...imageFindings(collections.all, config),
    ...(await streamFindings(source, collections, splitsLargeEvents(version), signal)),
    ...(await windowFindings(source, signal)),
    ...(splitsLargeEvents(version) ? [] : [unsplit(version.join('.'))]),
  ]
}

const standalone: Finding = {
  severity: 'error',
  path: ['datasource'],
  message: 'the server is no member of a replica set, and has no changes to follow',
  hint: 'Start it with --replSet rs0 and run rs.initiate(), or read once with --snapshot-only.',
}

function unsplit(version: string): Finding {
  return {
    severity: 'warning',
    path: ['datasource'],
    message: `MongoDB ${version} cannot send changes larger than 16 MB: one of a document of nearly that size ends the run`,
    hint: 'MongoDB 6.0.9 and later can.',
  }
}

function imageFindings(
  all: readonly FollowedCollection[],
  { fullDocument, beforeImages }: PipelineConfig,
): readonly Finding[] {
  if (fullDocument !== 'post_image' && beforeImages !== 'all') return []
  const setting =
    fullDocument === 'post_image'
      ? 'capture.mode.full.update.type: post_image'
      : 'capture.mode with pre-images'
  return all
    .filter(({ keepsImages }) => !keepsImages)
    .map(({ database, name, label }) => ({
      severity: 'error',
      path: ['tables'],
      message: `${label} keeps no images of its documents, which ${setting} needs`,
      hint: `Run: use ${database}, then ${keepImagesCommand(name)}`,
    }))
}

/** The statement that makes the server keep documents as they were before and after changes. */
export function keepImagesCommand(name: string): string {
  return `db.runCommand({collMod: ${JSON.stringify(name)}, changeStreamPreAndPostImages: {enabled: true}})`
}

/** Opens a stream, which takes the rights that following takes. */
async function streamFindings(
  source: SourceClient,
  collections: FollowedCollections,
  canSplit: boolean,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const settings = { collections, fullDocument: 'updateLookup' as const, canSplit }
  const cursor = changeCursor(source, settings, { time: await operationTime(source, signal) })
  try {
    await cursor.open(signal)
    return []
  } catch (error) {
    signal.throwIfAborted()
    const fault = sourceFaultOf(error)
    if (fault.isConnection) throw statementError('opening a change stream', error)
    const hint = `Grant the user ${neededRole(collections)}.`
    const message = `opening a change stream: ${fault.message}`
    const found: Finding = { severity: 'error', path: ['datasource'], message, hint }
    const code = statementErrorCode(fault)
    return [code === 'SOURCE_NOT_PERMITTED' ? { ...found, code } : found]
  } finally {
    await cursor.close()
  }
}

function neededRole({ databases }: FollowedCollections): string {
  const [only, ...others] = databases
  if (others.length > 0)
    return 'the role readAnyDatabase: db.grantRolesToUser("…", [{role: "readAnyDatabase", db: "admin"}])'
  return `the role read: db.grantRolesToUser("…", [{role: "read", db: ${JSON.stringify(only)}}])`
}

async function windowFindings(
  source: SourceClient,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const facts = await readOplog(source, signal)
  if (facts === undefined) return []
  const { maxBytes, usedBytes, firstSeconds, lastSeconds } = facts
  const hours = (lastSeconds - firstSeconds) / 3600
  // One that is not full yet reaches back as far as the server runs.
  if (hours >= leastWindowHours || usedBytes < maxBytes * 0.9) return []
  const path = ['datasource']
  const message = `the oplog reaches back ${hours.toFixed(1)} hours: a pipeline that stands still for longer has to begin anew`
  const hint = `Keep more: db.adminCommand({replSetResizeOplog: 1, minRetentionHours: ${leastWindowHours}})`
  return [{ severity: 'warning', path, message, hint }]
}
