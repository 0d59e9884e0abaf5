import type { PipelineSource } from '../model/pipeline.ts'
import type { RouteOptions } from '../transform/compile-routes.ts'

/** A source as jobs name it, and how its values are written. */
export function matchedSource(source: PipelineSource): RouteOptions['source'] {
  const { serverNames, dataSource, advanced, stepType } = source
  const { database } = dataSource
  return {
    serverNames,
    namespaceKind: stepType === 'postgresql' ? 'schema' : 'db',
    ...(database === undefined ? {} : { database }),
    settings: advanced,
  }
}
