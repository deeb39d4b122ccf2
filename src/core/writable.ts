// Thread: both
/** Something while it is put together, before it is handed out as readonly. */
export type Writable<T> = { -readonly [K in keyof T]: T[K] };
