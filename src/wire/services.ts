// Thread: both
import type { WireError } from '../core/error-codec.ts';

/** What the main thread exposes to a thread over the service channel. Errors are data, for Comlink would strip them. */
export interface ServiceEndpoint {
  call(
    service: string,
    method: string,
    args: unknown[],
  ): Promise<{ readonly value: unknown } | { readonly error: WireError }>;
}
