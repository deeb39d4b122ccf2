/** The entry point `cano/server`: an engine over HTTP. */
export { defineConfig } from './config.ts';
export type { AnyPipeline, Config, ServeConfig, ServerOptions } from './config.ts';
export { createHandler } from './handler.ts';
export type { Handler, HandlerOptions } from './handler.ts';
export { startService } from './service.ts';
export type { DrainReport, Service } from './service.ts';
