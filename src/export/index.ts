// The public face of exports.
export { checkExportPlace, type Exported, type ExportOptions, exportSet } from "./export-set.ts";
export type { ExportFormat } from "./format.ts";
export { exportFormatOf, exportFormats } from "./registry.ts";
