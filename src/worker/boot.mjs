// Thread: worker
// Only for running from the TypeScript sources: compiled, dist/src/worker/entry.js is loaded directly and this file does
// not exist. On a Node that strips types the entry loads as it is; on Node 20 tsx must be registered in this very thread
// first, because `--import tsx` gives threads of Node 20 its CommonJS hook only (privatenumber/tsx#354).
if (!process.features.typescript) {
  const { register } = await import('tsx/esm/api');
  register();
}
const { default: lease } = await import('./entry.ts');
export default lease;
