import assert from 'node:assert/strict'
import type { ConfigSchema } from '@millrace/core/plugin'
import { conformanceCase, type ConformanceCase } from './conformance-case.ts'

/** What the cases about parameters need of a harness. */
export interface SchemaHarness {
  readonly plugin: { readonly config: ConfigSchema }
  /** Parameters whose types are wrong; at least one. */
  readonly wrongConfigs: readonly unknown[]
  /** Parameters that are right, with nothing behind them. */
  readonly rightConfig: unknown
}

/** Validates parameters; what is wrong with them is an error that lists it. */
export async function validConfig(schema: ConfigSchema, parameters: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(parameters)
  if (!result.issues) return result.value
  const messages = result.issues.map(({ message }) => message)
  return assert.fail(`the harness gave parameters that the schema refuses: ${messages.join('; ')}`)
}

/** Cases that hold for the parameters of readers and writers alike. */
export const schemaCases: readonly ConformanceCase<SchemaHarness>[] = [
  conformanceCase({
    promise: 'parameters',
    name: 'those of wrong types are refused by the schema',
    async run({ plugin, wrongConfigs }) {
      assert.ok(wrongConfigs.length > 0, 'the harness has to give wrong parameters')
      for (const wrong of [...wrongConfigs, null, 42, 'text']) {
        const result = await plugin.config['~standard'].validate(wrong)
        const found = JSON.stringify(wrong)
        assert.ok(result.issues?.length, `the schema accepts parameters of wrong types: ${found}`)
      }
    },
  }),
  conformanceCase({
    promise: 'parameters',
    name: 'unknown ones pass the schema, so that the runtime can name the nearest',
    async run({ plugin, rightConfig }) {
      const parameters = { ...(rightConfig as object), millraceUnknownParameter: 1 }
      const result = await plugin.config['~standard'].validate(parameters)
      const found = result.issues?.map(({ message }) => message).join('; ')
      assert.equal(found, undefined, `the schema refuses an unknown parameter: ${found}`)
    },
  }),
  conformanceCase({
    promise: 'parameters',
    name: 'each has a description in the JSON Schema',
    async run({ plugin }) {
      const schema = plugin.config['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
      const properties = Object.entries((schema['properties'] ?? {}) as Record<string, unknown>)
      for (const [name, property] of properties) {
        const { description } = property as { description?: unknown }
        const isThere = typeof description === 'string' && description.length > 0
        assert.ok(isThere, `the JSON Schema says nothing of ${name}`)
      }
    },
  }),
]
