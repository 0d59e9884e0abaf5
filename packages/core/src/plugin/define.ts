import type { ConfigSchema } from './config-schema.ts'
import type { ReaderPlugin } from './reader.ts'
import type { WriterPlugin } from './writer.ts'

/** Any plugin, as the registry holds it. Its config type is known only to itself. */
// oxlint-disable-next-line typescript/no-explicit-any -- the variance slot of the registry
export type Plugin = ReaderPlugin<any> | WriterPlugin<any>

/** Returns the plugin as it is; the config type of `open` and the others is inferred from `config`. */
export function defineReader<S extends ConfigSchema>(plugin: ReaderPlugin<S>): ReaderPlugin<S> {
  return plugin
}

/** Returns the plugin as it is; the config type of `open` and the others is inferred from `config`. */
export function defineWriter<S extends ConfigSchema>(plugin: WriterPlugin<S>): WriterPlugin<S> {
  return plugin
}
