/** The numbered feed of events, and what one client gets of it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EventFeed } from '../../../src/server/event-feed.ts';
import { SseClients } from '../../../src/server/sse-clients.ts';

const all = { run: undefined, types: undefined };

function feedOf(count: number, kept: number): EventFeed {
  const feed = new EventFeed(kept);
  for (let n = 1; n <= count; n += 1) feed.push({ type: `t${n}`, runId: n % 2 === 0 ? 'even' : 'odd' });
  return feed;
}

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
  it('keeps the last events', () => {
    const feed = feedOf(10, 4);
    assert.deepEqual(
      [5, 6, 7, 10, 11].map((id) => feed.at(id)?.type),
      [undefined, undefined, 't7', 't10', undefined],
    );
  });

  it('goes on after an event, as long as what came after it is kept', () => {
    const feed = feedOf(10, 4);
    assert.deepEqual(
      [7, 6, 10].map((id) => feed.after(feed.idOf(id))),
      [8, 7, 11],
    );
    assert.equal(feed.after(feed.idOf(5)), undefined);
  });

  it('says of ids that it cannot know that there is a gap', () => {
    const feed = feedOf(3, 4);
    for (const id of [feed.idOf(4), feedOf(3, 4).idOf(2), '', 'nonsense', '1', `${feed.epoch}--1`]) {
      assert.equal(feed.after(id), undefined, id);
    }
  });

  it('wakes readers until they leave', () => {
    const feed = feedOf(2, 4);
    const seen: number[] = [];
    const off = feed.wake(() => seen.push(feed.last));
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

  it('wait for a client that reads slowly, and miss nothing', async () => {
    const feed = new EventFeed(1_000);
    const clients = new SseClients(1);
    const { body } = clients.open({ feed, filter: all, lastEventId: undefined });
    for (let n = 1; n <= 500; n += 1) feed.push({ type: 'large', runId: 'x'.repeat(1_000) });
    feed.push({ type: 'last' });
    const text = await read(body as ReadableStream<Uint8Array>, /event: last/);
    const ids = [...text.matchAll(/^id: \w+-(\d+)$/gm)].map(([, id]) => Number(id));
    assert.deepEqual(
      ids,
      Array.from({ length: 501 }, (_value, index) => index + 1),
    );
    clients.close();
  });

  it('let go of a client that falls behind what is kept, and count it', async () => {
    const feed = new EventFeed(100);
    const clients = new SseClients(2);
    const { body } = clients.open({ feed, filter: all, lastEventId: undefined });
    for (let n = 1; n <= 300; n += 1) feed.push({ type: 'large', runId: 'x'.repeat(1_000) });
    await assert.rejects(read(body as ReadableStream<Uint8Array>, /never/), /did not keep up/);
    assert.deepEqual([clients.size, clients.dropped], [0, 1]);
    clients.open({ feed, filter: all, lastEventId: undefined });
    assert.equal(clients.size, 1);
    clients.close();
  });

  it('carry what nodes log, also what JSON does not know', async () => {
    const feed = new EventFeed(10);
    const clients = new SseClients(1);
    const { body } = clients.open({ feed, filter: all, lastEventId: undefined });
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    feed.push({ type: 'log', fields: { big: 12n } } as never);
    feed.push({ type: 'log', fields: loop } as never);
    const text = await read(body as ReadableStream<Uint8Array>, /circular/);
    assert.match(text, /"fields":\{"big":"12"\}.*\n\n.*\n.*\n.*not JSON: Converting circular/);
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
