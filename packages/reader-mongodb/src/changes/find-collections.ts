import type { Document } from 'mongodb'
import { PluginError } from '@millrace/core/plugin'
import { resolveTables } from '@millrace/core/sql'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import type { SourceClient } from '../connection/source-client.ts'
import { statementError } from '../connection/source-error.ts'
import type { CollectionCatalogue } from '../snapshot/list-collections.ts'
import { DocumentColumns } from '../types/document-columns.ts'
import { CommandCursor } from './command-cursor.ts'
import { FollowedCollections, type FollowedCollection } from './followed-collection.ts'

/** Documents that are looked at for the fields they have. */
const sampleSize = 200

/**
 * Finds the collections that a job names, and the fields that a sample of their documents has.
 *
 * @throws PluginError SOURCE_OBJECT_MISSING that names all that are not there
 */
export async function findCollections(
  source: SourceClient,
  catalogue: CollectionCatalogue,
  { named, excluded, form, beforeImages }: PipelineConfig,
  signal: AbortSignal,
): Promise<FollowedCollections> {
  const resolved = await resolveTables(named, catalogue)
  const faults = resolved.flatMap((table) => {
    if ('fault' in table) return [table.fault]
    const kind = catalogue.otherKind(table.namespace, table.name)
    return kind === undefined ? [] : [noCollection(`${table.namespace}.${table.name}`, kind)]
  })
  if (faults.length > 0) throw allOf(faults)
  const all: FollowedCollection[] = []
  for (const table of resolved) {
    if ('fault' in table) continue
    const { namespace: database, name, entry } = table
    const keepsImages = catalogue.keepsImages(database, name)
    const names = excluded[named.tables?.indexOf(entry) ?? -1] ?? []
    const columns = new DocumentColumns({ database, collection: name, excluded: names, form })
    const sample = await sampleOf(source, database, name, signal)
    // Of documents whose names are all different a few do: the others come with their rows.
    for (const [at, document] of sample.entries())
      if (columns.mayTake(at)) columns.admit([document])
    const hasImages = keepsImages && beforeImages !== 'none'
    const label = `${database}.${name}`
    all.push({ database, name, label, columns, excluded: names, keepsImages, hasImages })
  }
  return new FollowedCollections(all)
}

async function sampleOf(
  source: SourceClient,
  database: string,
  name: string,
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  const command: Document = { aggregate: name, pipeline: [{ $sample: { size: sampleSize } }] }
  const cursor = new CommandCursor(source, { database, command, batchSize: sampleSize })
  try {
    return (await cursor.open(signal)).documents
  } catch (error) {
    signal.throwIfAborted()
    throw statementError(`looking at documents of ${database}.${name}`, error)
  } finally {
    await cursor.close()
  }
}

/** Its changes would never come, nor have its documents an order to go on in. */
function noCollection(label: string, kind: string): PluginError {
  return new PluginError({
    code: 'SOURCE_OBJECT_MISSING',
    message: `${label} is a ${kind}, and a pipeline reads collections: a ${kind} has no changes to follow`,
    hint: 'Name the collections that its documents come from, or read it by a DataWorks job (collectionName).',
  })
}

function allOf(faults: readonly PluginError[]): PluginError {
  const [first, ...others] = faults
  if (first !== undefined && others.length === 0) return first
  const hints = faults.flatMap(({ hint }) => (hint === undefined ? [] : [hint]))
  return new PluginError({
    code: 'SOURCE_OBJECT_MISSING',
    message: faults.map(({ message }) => message).join('\n'),
    ...(hints.length === 0 ? {} : { hint: [...new Set(hints)].join(' ') }),
  })
}
