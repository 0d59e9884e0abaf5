import { useSchemasOnce } from '@millrace/core'

/** What runs behind the command line. Loaded when a command runs, so that help and mistakes in flags are answered at once. */
export { createLogger } from '../logger.ts'
export { failWith } from '../render/errors.ts'
export { checkCommand } from './check.ts'
export { createCommand } from './create.ts'
export { demoCommand } from './demo.ts'
export { initCommand } from './init.ts'
export { listPluginsCommand, pluginInfoCommand, pluginSchemaCommand } from './plugins.ts'
export { previewCommand } from './preview.ts'
export { replayCommand } from './replay.ts'
export { resyncCommand } from './resync.ts'
export { runCommand } from './run.ts'
export { statusCommand } from './status.ts'

useSchemasOnce()
