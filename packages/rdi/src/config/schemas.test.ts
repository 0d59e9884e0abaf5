import { describe, expect, it } from 'vitest'
import { jobSchema } from '../jobs/job-schema.ts'
import { configSchema } from './config-schema.ts'

type JsonSchema = { readonly [name: string]: unknown }

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What an editor would miss: properties without a description, objects that take any key. */
function lacks(schema: unknown, path: string): string[] {
  if (!isSchema(schema)) return []
  const found: string[] = []
  const properties = isSchema(schema['properties']) ? schema['properties'] : {}
  const isStrict = schema['additionalProperties'] === false
  if (Object.keys(properties).length > 0 && !isStrict) found.push(`${path} takes any key`)
  for (const [name, property] of Object.entries(properties)) {
    const own = `${path}.${name}`
    if (!isSchema(property) || typeof property['description'] !== 'string')
      found.push(`${own} has no description`)
    found.push(...lacks(property, own))
  }
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    const parts = schema[keyword]
    if (Array.isArray(parts)) found.push(...parts.flatMap((part) => lacks(part, path)))
  }
  found.push(...lacks(schema['items'], `${path}[]`))
  const entries = schema['additionalProperties']
  // Data sources have a page of their own, and are checked by core.
  const isDataSource =
    isSchema(entries) && isSchema(entries['properties']) && 'jdbcUrl' in entries['properties']
  if (!isDataSource) found.push(...lacks(entries, `${path}.*`))
  return found
}

describe('JSON Schemas for editors', () => {
  it.each([
    ['config.yaml', configSchema, ['sources', 'targets']],
    ['a job', jobSchema, ['source']],
  ] as const)('of %s describe every property', (_name, schema, required) => {
    const json = schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
    expect(lacks(json, '$')).toEqual([])
    expect(json['required']).toEqual(required)
  })
})
