import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'

/**
 * Describes the parameters of a plugin: anything that validates by Standard Schema and prints JSON Schema
 * (zod 4, valibot, arktype, or written by hand). Objects should let unknown keys pass: the runtime compares them
 * with the JSON Schema itself, so that a typo is an error with the nearest name and a wizard's key only a warning.
 */
export interface ConfigSchema<Input = unknown, Output = Input> {
  /** Both standards under the one name that they share. */
  readonly '~standard': StandardSchemaV1.Props<Input, Output> &
    StandardJSONSchemaV1.Props<Input, Output>
}

/** What a schema gives after validation, defaults and conversions applied. */
export type ConfigOf<S extends ConfigSchema> = NonNullable<S['~standard']['types']>['output']
