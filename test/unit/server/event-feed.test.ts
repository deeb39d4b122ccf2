/** The numbered feed of events, and what one client gets of it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EventFeed, type FeedEntry } from '../../../src/server/event-feed.ts';
import { SseClients } from '../../../src/server/sse-clients.ts';

const all = { run: undefined, types: undefined };

function feedOf(count: number, kept: number): EventFeed {
  const feed = new EventFeed(kept);
  for (let n = 1; n <= count; n += 1) feed.push({ type: `t${n}`, runId: n % 2 === 0 ? 'even' : 'odd' });
  return feed;
}

const types = (entries: readonly FeedEntry[] | undefined): string[] | undefined =>
  entries?.map(({ event }) => event.type);

async function read(body: ReadableStream<Uint8Array>, until: RegExp): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body.values({ preventCancel: true })) {
    text += decoder.decode(chunk, { stream: true });
    if (until.test(text)) return text;
  }
  return text;
}

describe('EventFeed', () => {
  it('gives what came after an event, as long as that is kept', () => {
    const feed = feedOf(10, 4);
    assert.deepEqual(types(feed.since(feed.idOf(7))), ['t8', 't9', 't10']);
    assert.deepEqual(types(feed.since(feed.idOf(6))), ['t7', 't8', 't9', 't10']);
    assert.deepEqual(types(feed.since(feed.idOf(10))), []);
    assert.equal(feed.since(feed.idOf(5)), undefined);
  });

  it('says of ids that it cannot know that there is a gap', () => {
    const feed = feedOf(3, 4);
    for (const id of [feed.idOf(4), feedOf(3, 4).idOf(2), '', 'nonsense', '1', `${feed.epoch}--1`]) {
      assert.equal(feed.since(id), undefined, id);
    }
  });

  it('tells readers until they leave', () => {
    const feed = feedOf(2, 4);
    const seen: number[] = [];
    const off = feed.read(({ id }) => seen.push(id));
    feed.push({ type: 'x' });
    off();
    feed.push({ type: 'y' });
    assert.deepEqual(seen, [3]);
  });
});

describe('server-sent events', () => {
  // In a server the socket keeps the process alive, not the stream.
  let alive: NodeJS.Timeout;
  before(() => {
    alive = setInterval(() => {}, 1_000);
  });
  after(() => clearInterval(alive));

  it('resume after the last event seen, and go on, in order and once', async () => {
    const feed = feedOf(5, 10);
    const clients = new SseClients(1);
    const { body, headers } = clients.open({ feed, filter: all, lastEventId: feed.idOf(3) });
    assert.equal(headers.get('content-type'), 'text/event-stream');
    feed.push({ type: 't6' });
    const text = await read(body as ReadableStream<Uint8Array>, /event: t6/);
    assert.deepEqual(
      [...text.matchAll(/^event: (\w+)$/gm)].map(([, type]) => type),
      ['t4', 't5', 't6'],
    );
    assert.match(text, new RegExp(`^id: ${feed.epoch}-6$`, 'm'));
    assert.match(text, /^data: \{"type":"t6"\}$/m);
    clients.close();
    assert.match(await read(body as ReadableStream<Uint8Array>, /event: end/), /event: end/);
    assert.equal(clients.size, 0);
  });

  it('tell of a gap', async () => {
    const feed = feedOf(5, 2);
    const clients = new SseClients(1);
    const { body } = clients.open({ feed, filter: all, lastEventId: feed.idOf(1) });
    assert.match(await read(body as ReadableStream<Uint8Array>, /gap/), /event: gap\ndata: \{"lastEventId":/);
    clients.close();
  });

  it('are those of one run, or of some types, only', async () => {
    const feed = new EventFeed(10);
    const clients = new SseClients(1);
    const filter = { run: 'mine', types: new Set(['a', 'b']) };
    const { body } = clients.open({ feed, filter, lastEventId: undefined });
    feed.push({ type: 'a', runId: 'other' });
    feed.push({ type: 'c', runId: 'mine' });
    feed.push({ type: 'b', runId: 'mine' });
    const text = await read(body as ReadableStream<Uint8Array>, /event: b/);
    assert.deepEqual(
      [...text.matchAll(/^event: (\w+)$/gm)].map(([, type]) => type),
      ['b'],
    );
    clients.close();
  });

  it('lets go of a client that does not read, counts it, and goes on with the others', () => {
    const feed = new EventFeed(10);
    const clients = new SseClients(2);
    const slow = clients.open({ feed, filter: all, lastEventId: undefined });
    const large = { type: 'large', text: 'x'.repeat(600_000) };
    for (let n = 0; n < 10 && clients.size > 0; n += 1) feed.push(large);
    assert.deepEqual([clients.size, clients.dropped], [0, 1]);
    assert.ok(slow.body !== null);
    clients.open({ feed, filter: all, lastEventId: undefined });
    assert.equal(clients.size, 1);
    clients.close();
  });

  it('are for so many clients at once; who leaves makes room', async () => {
    const feed = new EventFeed(10);
    const clients = new SseClients(1);
    const { body } = clients.open({ feed, filter: all, lastEventId: undefined });
    assert.throws(
      () => clients.open({ feed, filter: all, lastEventId: undefined }),
      /1 clients read events already \(maxClients\)/,
    );
    await body?.cancel();
    assert.deepEqual([clients.size, clients.dropped], [0, 0]);
    clients.open({ feed, filter: all, lastEventId: undefined });
    clients.close();
    assert.throws(() => clients.open({ feed, filter: all, lastEventId: undefined }), /shutting down/);
  });
});
