import { mongodbReader } from './plugin.ts'

export { mongodbReader }

/** What the registry loads. */
export const plugins = [mongodbReader]
