// A reporter for node:test that writes one JSON object at the end: what ran, how it went, and which files ran nothing.
// The exit code of `node --test` cannot tell: it is 0 when no test was registered.

/** @param {AsyncIterable<{ type: string, data: any }>} events */
export default async function* summaryReporter(events) {
  const summary = { pass: 0, fail: 0, skip: 0 };
  const filesWithTests = new Set();
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A file that registers no test is itself reported as one, under its own path.
    const isFile = data.nesting === 0 && (data.name === data.file || data.file === undefined);
    // A suite is red with its tests; one that fails by itself still shows in the exit code.
    if (data.details.type === 'suite' || (isFile && type === 'test:pass')) continue;
    // A file that fails at import has no tests of its own, but it is not empty: it is red.
    filesWithTests.add(isFile ? data.name : data.file);
    if (type === 'test:fail') summary.fail += 1;
    else if (data.skip !== undefined || data.todo !== undefined) summary.skip += 1;
    else summary.pass += 1;
  }
  yield JSON.stringify({ ...summary, files: [...filesWithTests] });
}
